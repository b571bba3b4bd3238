// Breaking things by hand, where the run allows it, and looking closely at one node.
import { count, element, ranges, time, write } from "./format.js";
import { words } from "./members.js";

const OF_WORKER = [["Kill", "worker_crash", "grave"], ["Pause", "worker_pause"], ["Restart", "worker_restart"],
  ["Cut off", "network_disconnect"], ["Delay", "network_delay"], ["Slow down", "slow_worker"]];
const OF_PRODUCER = [["Kill", "producer_crash", "grave"], ["Cut off", "network_disconnect"]];
const OF_BROKER = [["Restart", "broker_restart", "grave"]];
const OF_ALL = [["Add workers", "scale_up"], ["Remove workers", "scale_down"], ["Rolling restart", "rolling_restart"],
  ["Kill the leader", "leader_failure", "grave"], ["Pause the leader", "leader_pause"]];

/** Chaos by hand, and the dialog about one node. */
export class Chaos {
  constructor(bar, dialog) {
    Object.assign(this, { bar, dialog, allowed: "none", token: "", about: null });
    dialog.addEventListener("close", () => { this.about = null; });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  /** Shows what may be done: `open`, `token` (it is asked for) or `none`. */
  allow(how) {
    if (how === this.allowed) return;
    this.allowed = how;
    this.bar.hidden = how === "none";
    this.said = element("p", { class: "said", role: "status" });
    const buttons = OF_ALL.map(([label, event, kind]) => this.button(label, { event }, kind, this.said));
    const pause = element("button", { type: "button", class: "button", "aria-pressed": "false",
      onclick: () => this.pause(pause) }, "Hold the schedule");
    const token = how === "token" ? [element("label", { class: "hint" }, "Token ", element("input", { type: "password",
      autocomplete: "off", oninput: (event) => { this.token = event.target.value; } }))] : [];
    this.bar.replaceChildren(...token, ...buttons, pause, this.said);
  }

  async pause(button) {
    const held = button.getAttribute("aria-pressed") === "true";
    if (!await this.ask(held ? "resume" : "pause", {}, this.said)) return;
    button.setAttribute("aria-pressed", String(!held));
    write(button, held ? "Hold the schedule" : "Let the schedule go on");
  }

  button(label, body, kind, said) {
    const made = element("button", { type: "button", class: `button ${kind ?? ""}` }, label);
    made.addEventListener("click", async () => {
      made.disabled = true;
      await this.ask("trigger", body, said);
      made.disabled = false;
      if (this.dialog.open) made.focus();
    });
    return made;
  }

  /** Asks the server; what it says is shown. */
  async ask(what, body, said) {
    write(said, "asked …");
    said.dataset.ok = "true";
    try {
      const headers = { "Content-Type": "application/json", ...(this.token && { Authorization: `Bearer ${this.token}` }) };
      const answer = await fetch(`/chaos/${what}`, { method: "POST", headers, body: JSON.stringify(body) });
      const told = await answer.json();
      said.dataset.ok = String(answer.ok);
      write(said, answer.ok ? (told.began?.join("; ") ?? (told.paused ? "The schedule waits." : "The schedule goes on.")) : told.error);
      return answer.ok;
    } catch (error) {
      said.dataset.ok = "false";
      write(said, `no answer (${error.message}); is the run still there?`);
      return false;
    }
  }

  /** Opens the dialog about a node: `kind` is worker, producer or broker. */
  open(kind, name, facts) {
    const title = element("h2", { id: "member-name" }, name);
    this.about = { facts, list: element("dl") };
    const events = { worker: OF_WORKER, producer: OF_PRODUCER, broker: OF_BROKER }[kind];
    const said = element("p", { class: "said", role: "status" });
    const target = kind === "broker" ? {} : { target: name };
    const buttons = this.allowed === "none" ? [] : events.map(([label, event, grave]) => this.button(label, { event, ...target }, grave, said));
    const close = element("button", { type: "button", class: "button", onclick: () => this.dialog.close() }, "Close");
    this.dialog.replaceChildren(title, this.about.list, element("div", { class: "row" }, ...buttons, close), said);
    this.refresh();
    this.dialog.showModal();
  }

  /** What the dialog says follows the run. */
  refresh() {
    if (!this.about) return;
    const facts = this.about.facts();
    const text = JSON.stringify(facts);
    if (text === this.about.text) return;
    this.about.text = text;
    this.about.list.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }
}

/** What there is to say about a worker. */
export function workerFacts(state, n) {
  const member = state.members.get(n);
  if (!member) return [["State", "forgotten"]];
  const owned = [];
  state.seats.forEach((seat, partition) => { if (seat.owner === n) owned.push(partition); });
  return [["State", words(member.state, member.declared_dead) + (state.now.leader === n ? ", leads" : "")],
    ["Since", time(member.since)], ["Session", String(member.session)],
    ["Load", `${count(member.load)} of ${count(Math.floor(state.now.load_bound))}`],
    ["Partitions", owned.length ? `${count(owned.length)}: ${ranges(owned)}` : "none"]];
}
