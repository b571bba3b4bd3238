// report.html: the same curves and the same map as the live page, over the whole of a finished run.
import { Curves } from "./charts.js";
import { time, write } from "./format.js";
import { OwnerMap } from "./map.js";

const replayed = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const { from, base, changes } = replayed.ownerships;
const owners = base.map((owner) => ({ owner, since: from, held: true, flashed: -Infinity }));
const reportMap = new OwnerMap(at("map"), at("map-cell"), (partition) => {
  const { owner, since } = owners[partition];
  return `Partition ${partition} (weight ${replayed.weights[partition]}): ${owner < 0 ? "no owner" : (replayed.names[owner] ?? "forgotten")} since ${time(since)}`;
});

/** Shows who owned what at a time of the run. */
function showAt(seconds) {
  owners.forEach((cell, partition) => Object.assign(cell, { owner: base[partition], since: from, flashed: -Infinity }));
  let shown = 0;
  for (const [when, partition, owner] of changes) {
    if (when > seconds) break;
    // What moved within a hundredth of the run before is marked.
    const fresh = seconds - when < replayed.seconds / 100;
    Object.assign(owners[partition], { owner, since: when, flashed: fresh ? performance.now() - 2000 : -Infinity });
    shown += 1;
  }
  reportMap.show(owners);
  reportMap.say();
  write(at("map-time"), `${time(seconds)}: ${shown} of ${changes.length} changes`);
}

const slider = at("map-slider");
slider.min = String(from);
slider.max = String(replayed.seconds);
slider.step = String(Math.max(0.01, replayed.seconds / 2000));
slider.value = slider.min;
slider.addEventListener("input", () => showAt(Number(slider.value)));
for (const [id, way] of [["map-back", -1], ["map-on", 1]]) {
  at(id).addEventListener("click", () => {
    // From one burst of changes to the next.
    const now = Number(slider.value);
    const times = changes.map((change) => change[0]);
    const bursts = times.filter((t, i) => i === 0 || t - times[i - 1] > 0.5).map((t) => t + 0.5);
    const next = way > 0 ? bursts.find((t) => t > now + 1e-6) : bursts.findLast((t) => t < now - 1e-6);
    slider.value = String(next ?? (way > 0 ? replayed.seconds : from));
    showAt(Number(slider.value));
  });
}
const first = changes.length ? Math.min(replayed.seconds, replayed.settled ?? changes[0][0]) : from;
slider.value = String(first);
showAt(first);
new Curves({ rate: at("rate"), flight: at("flight"), unowned: at("unowned") })
  .show(replayed.points, replayed.faults, replayed.plans);
