// What the page knows of the run: a snapshot, and every change applied to it.

/** Nothing is known yet. */
export function nothing() {
  return { run: null, byHand: "none", now: null, members: new Map(), producers: new Map(), seats: [],
    rebalances: new Map(), faults: new Map(), findings: [], points: [] };
}

/** Applies what the server told; a snapshot begins anew. Says what changed. */
export function apply(state, told) {
  if (told.run) {
    Object.assign(state, nothing(), { run: told.run, byHand: told.by_hand });
    state.seats = told.run.weights.map(() => ({ owner: -1, since: 0, epoch: 0, flashed: -Infinity }));
  }
  state.now = told.now;
  for (const member of told.members) state.members.set(member.n, member);
  for (const producer of told.producers) state.producers.set(producer.n, producer);
  for (const [partition, owner, since, epoch] of told.seats) {
    const seat = state.seats[partition];
    // The first claim of all is no hand-over.
    const moved = !told.run && seat.owner !== owner && seat.since > 0;
    Object.assign(seat, { owner, since, epoch });
    if (moved) seat.flashed = performance.now();
  }
  for (const plan of told.rebalances) keep(state.rebalances, `${plan.term}/${plan.epoch}`, plan, 200);
  for (const fault of told.faults) keep(state.faults, fault.id, fault, 500);
  state.findings = state.findings.concat(told.findings).slice(-100);
  state.points.length = Math.min(state.points.length, told.series.from);
  state.points.push(...told.series.points);
  return { whole: Boolean(told.run), members: told.members, seats: told.seats.map((seat) => seat[0]) };
}

function keep(entries, key, entry, most) {
  entries.set(key, entry);
  if (entries.size > most) entries.delete(entries.keys().next().value);
}

/** Seconds of the run at a time in microseconds. */
export const secondsAt = (run, at) => (at - run.started_at) / 1e6;

/** The name of the member with this number. */
export const nameOf = (state, number) =>
  (number < 0 ? "nobody" : (state.members.get(number)?.id ?? "a worker that is forgotten"));
