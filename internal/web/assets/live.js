// The live page: listens to /live and shows what it hears.
import { Chaos, workerFacts } from "./chaos.js";
import { Curves, Loads } from "./charts.js";
import { count, element, ranges, time, write } from "./format.js";
import { OwnerMap } from "./map.js";
import { Members, Nodes, isHere, numbered, works } from "./members.js";
import { apply, nameOf, nothing } from "./state.js";
import { found, showFindings, showTimeline, spans } from "./timeline.js";

const node = (id) => document.getElementById(id);
const state = nothing();
const VERDICTS = { pass: "Pass", correctness: "Correctness violated", liveness: "Liveness violated",
  inconclusive: "Inconclusive", environment: "No broker to judge by" };
const PHASES = { running: "Running", draining: "Draining", done: "Judging" };

const chaos = new Chaos(node("chaos"), node("member"));
const map = new OwnerMap(node("map"), node("map-cell"), (partition) => {
  const { owner, since, epoch } = state.seats[partition];
  const weight = state.run.weights[partition];
  if (owner < 0) return `Partition ${partition} (weight ${weight}): no owner since ${time(since)}`;
  return `Partition ${partition} (weight ${weight}): ${nameOf(state, owner)} since ${time(since)}, epoch ${epoch}`;
});
const members = new Members(node("members"), node("members-more"),
  (n) => chaos.open("worker", nameOf(state, n), () => workerFacts(state, n)), (n) => map.highlight(n));
const producers = new Nodes(node("producers"), (n) => chaos.open("producer", `producer-${n}`,
  () => [["State", state.producers.get(n)?.state ?? "unknown"]]));
const broker = new Nodes(node("broker"), () => chaos.open("broker", "NATS JetStream",
  () => [["State", state.now.broker], ["Stored", count(state.now.totals.stored)]]));
const curves = new Curves({ rate: node("rate"), flight: node("flight"), unowned: node("unowned") });
const loads = new Loads(node("load"));

function showVerdict() {
  const { verdict, phase, totals } = state.now;
  const anomalies = found(totals);
  const shown = verdict === "running" && anomalies.length ? "failing" : verdict;
  node("verdict").dataset.verdict = shown;
  const word = VERDICTS[verdict] ?? (anomalies.length ? `${PHASES[phase]}, with anomalies` : PHASES[phase]);
  const says = anomalies.length ? anomalies.map(([name, n]) => `${count(n)} × ${name}`).join(", ")
    : verdict === "running" ? "Nothing wrong so far." : "No anomaly was found.";
  if (node("verdict-word").textContent !== word) write(node("spoken"), `${word}. ${says}`);
  write(node("verdict-word"), word);
  write(node("verdict-says"), says);
  const { elapsed_seconds: elapsed } = state.now;
  node("progress").value = Math.min(1, elapsed / Math.max(1, state.run.duration_seconds));
  write(node("progress-label"), `${time(elapsed)} of ${time(state.run.duration_seconds)}${state.run.is_virtual ? ", virtual time" : ""}`);
  document.title = `${word} – Parti Simulation`;
}

function showTiles() {
  const { totals } = state.now;
  const anomalies = found(totals).reduce((sum, [, n]) => sum + n, 0);
  const tiles = [
    ["Sent", count(totals.sent), `${count(totals.stored)} stored`],
    ["Done", count(totals.received), `${count(totals.reprocessed)} handled again`],
    ["In flight", count(totals.in_flight), `${count(totals.in_doubt)} in doubt`],
    ["Owned", count(totals.owned), `of ${count(totals.partitions)} partitions`,
      totals.unowned && state.now.phase === "running" ? "warn" : ""],
    ["Workers", count(totals.workers.live), `${totals.workers.crashed} crashed, ${totals.workers.expired} expired`],
    ["Leader", totals.leader ?? "none", `term ${totals.term}, epoch ${totals.epoch}`],
    ["Faults", count(totals.faults), `${count(totals.rebalances)} rebalances`],
    ["Anomalies", count(anomalies), `${count(totals.fenced)} effects fenced`, anomalies ? "bad" : "good"],
  ];
  const list = node("tiles");
  if (!list.children.length) {
    list.append(...tiles.map(([name]) => element("div", {}, element("dt", {}, name), element("dd", {}, element("span"), element("small")))));
  }
  tiles.forEach(([, value, note, tone], i) => {
    list.children[i].dataset.tone = tone ?? "";
    const [shown, small] = list.children[i].lastChild.children;
    write(shown, value);
    write(small, note);
  });
}

function showTopology() {
  members.show(state);
  producers.show([...state.producers.values()].map(({ n, state: how }) => ({ key: n, name: `producer-${n}`, state: how })));
  broker.show([{ key: "broker", name: "NATS JetStream", state: state.now.broker, carries: `${count(state.now.totals.stored)} stored` }]);
  chaos.allow(state.now.phase === "running" ? state.byHand : "none");
  write(node("topology-hint"), state.byHand === "none" ? "Choose a node to look closely." : "Choose a node to look closely, or to break it.");
  chaos.refresh();
}

function cells() {
  return state.seats.map((seat) => ({ ...seat, held: state.now.phase === "done" || works(state.members.get(seat.owner)) }));
}

function showMap(changed) {
  const all = cells();
  const touched = changed.whole || changed.members.length ? all.keys() : changed.seats;
  if (map.cells.length !== all.length) map.show(all);
  else {
    const before = map.cells;
    map.cells = all;
    map.changed([...touched].filter((p) => changed.whole || before[p].owner !== all[p].owner || before[p].held !== all[p].held));
  }
  map.say();
}

function showOwners() {
  if (!node("owners").open) return;
  const owned = new Map();
  state.seats.forEach((seat, partition) => owned.set(seat.owner, (owned.get(seat.owner) ?? []).concat(partition)));
  const weight = (partitions) => partitions.reduce((sum, p) => sum + state.run.weights[p], 0);
  const rows = [...owned].map(([owner, partitions]) => ({ id: nameOf(state, owner), partitions })).sort(numbered);
  node("owners-rows").replaceChildren(...rows.map(({ id, partitions }) => element("tr", {},
    element("th", { scope: "row" }, id), element("td", {}, count(partitions.length)),
    element("td", {}, count(weight(partitions))), element("td", {}, ranges(partitions)))));
}

function show(changed, told) {
  showVerdict();
  showTiles();
  showTopology();
  showMap(changed);
  if (changed.whole || changed.seats.length || changed.members.length) showOwners();
  if (changed.whole || told.series.points.length) {
    const { faults, plans } = spans(state);
    curves.show(state.points, faults, plans);
    const here = [...state.members.values()].filter(isHere).sort(numbered);
    loads.show(here, state.now.load_bound);
  }
  if (changed.whole || told.faults.length || told.rebalances.length) showTimeline(node("timeline"), state);
  if (changed.whole || told.findings.length) showFindings(node("findings"), state);
  if (changed.whole) {
    write(node("run"), `seed ${state.run.seed} · ${state.run.weights.length} partitions · commit ${state.run.commit.slice(0, 12)}`);
    node("reproduce").replaceChildren("Again: ", element("code", {}, state.run.reproduce));
  }
}

function connection(how, says) {
  node("connection").dataset.state = how;
  write(node("connection"), says);
}

function hear(event) {
  performance.mark("heard");
  const told = JSON.parse(event.data);
  if (told.run) producers.clear();
  show(apply(state, told), told);
  performance.clearMeasures("update");
  performance.measure("update", "heard");
  if (told.now.verdict !== "running") {
    source.close();
    connection("over", "the run is over");
  } else connection("live", "live");
}

const AGAIN_MS = 3000;
let source = null;

/** Listens, and again when the server has closed for good. */
function listen() {
  source = new EventSource("/live");
  source.addEventListener("snapshot", hear);
  source.addEventListener("delta", hear);
  source.addEventListener("error", () => {
    connection("reconnecting", "reconnecting …");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}

node("owners").addEventListener("toggle", showOwners);
listen();
