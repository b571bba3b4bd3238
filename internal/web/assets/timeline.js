// Faults and rebalances, the newest first, and what went wrong, with its evidence.
import { count, element, time } from "./format.js";
import { secondsAt } from "./state.js";

const ROWS_MAX = 60;

/** What a class of anomalies is called. */
const classWords = (name) => name.replaceAll("_", " ");

/** Faults as spans of time, for the charts. */
export function spans(state) {
  const faults = [...state.faults.values()].filter((fault) => fault.target !== "-").map((fault) => {
    const from = secondsAt(state.run, fault.at);
    return { from, to: fault.ended_at ? secondsAt(state.run, fault.ended_at) : state.now.elapsed_seconds };
  });
  return { faults, plans: [...state.rebalances.values()].map((plan) => secondsAt(state.run, plan.at)) };
}

function faultRow(state, fault) {
  const lasting = ["silence", "broker", "other"].includes(fault.kind) && !fault.ended_at;
  return { at: fault.at, what: fault.event.replaceAll("_", " "), who: fault.target, then: fault.effect,
    kind: lasting ? "what-open" : "what-fault", note: lasting ? "open" : "" };
}

function planRow(plan) {
  const took = plan.seconds === null ? "under way" : `settled in ${plan.seconds.toFixed(2)} s`;
  return { at: plan.at, what: `rebalance to epoch ${plan.epoch}`, who: plan.leader, kind: "what-plan",
    then: `${plan.cause}; ${count(plan.moved)} moved, ${count(plan.needed)} needed; ${took}`, note: "" };
}

/** Shows the newest faults and plans as rows of a table. */
export function showTimeline(body, state) {
  const rows = [...state.faults.values()].map((fault) => faultRow(state, fault))
    .concat([...state.rebalances.values()].map(planRow)).sort((a, b) => b.at - a.at).slice(0, ROWS_MAX);
  if (!rows.length) rows.push({ at: state.run.started_at, what: "nothing yet", who: "", then: "", kind: "", note: "" });
  body.replaceChildren(...rows.map((row) => element("tr", {},
    element("td", {}, time(secondsAt(state.run, row.at))),
    element("td", { class: row.kind }, row.what, row.note && ` (${row.note})`),
    element("td", {}, row.who), element("td", {}, row.then))));
}

/** Shows the newest anomalies. */
export function showFindings(node, state) {
  if (!state.findings.length) {
    node.replaceChildren(element("p", { class: "hint" }, "None so far."));
    return;
  }
  const newest = state.findings.slice(-20).reverse();
  const more = state.now.findings - newest.length;
  node.replaceChildren(...newest.map((finding) => {
    const liveness = ["unowned", "undrained"].includes(finding.class);
    const where = finding.partition === null ? "" : ` in partition ${finding.partition}`;
    const evidence = finding.evidence.slice(0, 5).map((one) => element("li", {},
      one.what, one.at ? ` at ${time(secondsAt(state.run, one.at))}` : "", one.ledger ? `, ledger record ${one.ledger}` : ""));
    const faults = finding.faults.length ? [element("p", { class: "hint" }, `Open then: ${finding.faults.join("; ")}`)] : [];
    return element("article", { class: `finding${liveness ? " liveness" : ""}` },
      element("strong", {}, `${count(finding.count)} × ${classWords(finding.class)}${where}`),
      ` at ${time(secondsAt(state.run, finding.at))} (${finding.rule})`,
      element("p", {}, finding.detail), element("ul", {}, ...evidence), ...faults);
  }), ...(more > 0 ? [element("p", { class: "hint" }, `and ${count(more)} earlier ones: report.json has them`)] : []));
}

/** Counts of anomalies by class, those that were found. */
export const found = (totals) => Object.entries(totals.anomalies).filter(([, n]) => n > 0)
  .map(([name, n]) => [classWords(name), n]);
