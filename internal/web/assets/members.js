// Producers, broker and workers: who is there, how each is, who leads, what each carries.
import { ownerColour } from "./colours.js";
import { count, element, write } from "./format.js";

const WORDS = { live: "live", slow: "slow", paused: "paused", cut: "cut off", crashed: "crashed",
  expired: "declared dead", left: "left", up: "up", down: "down" };
const GONE_MAX = 12;
const MANY = 24;

/** How somebody is, in words. */
export const words = (state, declaredDead) =>
  WORDS[state] + (declaredDead && (state === "paused" || state === "cut") ? ", declared dead" : "");

/** Whether somebody can work on what it owns. */
export const works = (member) => ["live", "slow"].includes(member?.state);

/** Whether somebody counts among the workers. */
export const isHere = (member) => !["left", "expired", "crashed"].includes(member.state);

const { compare } = new Intl.Collator("en", { numeric: true });

/** By name, worker-2 before worker-10. */
export const numbered = (a, b) => compare(a.id, b.id);

/** Those that are here, and the newest of those that are gone. */
export function shown(members) {
  const all = [...members];
  const gone = all.filter((m) => !isHere(m)).sort((a, b) => b.since - a.since);
  const crashed = gone.filter((m) => m.state !== "left");
  const kept = [...crashed, ...gone.filter((m) => m.state === "left")].slice(0, GONE_MAX);
  const here = all.filter(isHere);
  return { list: [...here, ...kept].sort(numbered), more: gone.length - kept.length };
}

/** A card for a node, filled in by `fill`. */
function card(open) {
  const parts = {
    swatch: element("span", { class: "swatch", "aria-hidden": "true" }), name: element("span"),
    crown: element("span", { class: "crown", role: "img", "aria-label": "leader", title: "leader", hidden: "" }, "♛"),
    state: element("span", { class: "state" }), owned: element("span", { class: "owned" }), load: element("span", { class: "load" }),
    bar: element("span"),
  };
  const who = element("span", { class: "who" }, parts.swatch, parts.name, parts.crown);
  const meter = element("span", { class: "meter", "aria-hidden": "true" }, parts.bar);
  const button = element("button", { type: "button", class: "node", "aria-haspopup": "dialog", onclick: open }, who,
    parts.state, element("span", { class: "carries" }, parts.owned, parts.load), meter);
  return { ...parts, button, meter, node: element("li", {}, button) };
}

/** The workers. */
export class Members {
  /** `open(n)` when one is chosen, `look(n)` when one is looked at (-1: none). */
  constructor(list, more, open, look) {
    Object.assign(this, { list, more, open, look, cards: new Map() });
  }

  show(state) {
    const { list, more } = shown(state.members.values());
    this.list.classList.toggle("many", list.length > MANY);
    const wanted = new Set(list.map((member) => member.n));
    for (const [n, card] of this.cards) {
      if (!wanted.has(n)) { card.node.remove(); this.cards.delete(n); }
    }
    list.forEach((member, place) => {
      const made = this.cards.get(member.n) ?? this.add(member.n);
      if (this.list.children[place] !== made.node) this.list.insertBefore(made.node, this.list.children[place] ?? null);
      this.fill(made, member, state.now);
    });
    write(this.more, more > 0 ? `and ${count(more)} that are gone` : "");
  }

  add(n) {
    const made = card(() => this.open(n));
    made.button.id = `member-${n}`;
    for (const event of ["pointerenter", "focus"]) made.button.addEventListener(event, () => this.look(n));
    for (const event of ["pointerleave", "blur"]) made.button.addEventListener(event, () => this.look(-1));
    this.cards.set(n, made);
    return made;
  }

  fill(card, member, now) {
    const bound = Math.floor(now.load_bound);
    const seen = [member.state, member.declared_dead, member.owned, member.load, bound, now.leader === member.n].join();
    if (card.seen === seen) return;
    card.seen = seen;
    card.button.dataset.state = member.state;
    card.button.dataset.id = member.id;
    card.swatch.style.backgroundColor = ownerColour(member.n);
    write(card.name, member.id);
    card.crown.hidden = now.leader !== member.n;
    write(card.state, words(member.state, member.declared_dead));
    const left = member.owned ? `${count(member.owned)} left` : "";
    write(card.owned, isHere(member) ? `${count(member.owned)} owned` : left);
    write(card.load, isHere(member) ? `, load ${count(member.load)}/${count(bound)}` : "");
    const share = bound > 0 ? member.load / bound : 0;
    card.bar.style.transform = `scaleX(${Math.min(1, share).toFixed(3)})`;
    card.meter.classList.toggle("over", share > 1);
  }
}

/** Producers and the broker: a name and a state each. */
export class Nodes {
  constructor(list, open) {
    Object.assign(this, { list, open, cards: new Map() });
  }

  show(nodes) {
    for (const { key, name, state, carries } of nodes) {
      let made = this.cards.get(key);
      if (!made) {
        made = card(() => this.open(key));
        made.swatch.remove();
        made.meter.remove();
        this.cards.set(key, made);
        this.list.append(made.node);
      }
      made.button.dataset.state = state;
      made.button.dataset.id = name;
      write(made.name, name);
      write(made.state, words(state));
      write(made.owned, carries ?? "");
    }
  }

  clear() {
    this.cards.clear();
    this.list.replaceChildren();
  }
}
