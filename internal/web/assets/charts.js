// The curves. uPlot draws them; this says what.
import { dark, ownerColour } from "./colours.js";
import { figure, time, tone } from "./format.js";

const HEIGHT = 180;
const RATE_SPAN = 5;

/** Messages per second at each point, over the last few seconds before it. */
function rates(points, key) {
  return points.map((point, i) => {
    let j = Math.max(0, i - 1);
    while (j > 0 && point.t - points[j].t < RATE_SPAN) j -= 1;
    const span = point.t - points[j].t;
    return span > 0 ? (point[key] - points[j][key]) / span : 0;
  });
}

const axis = (words, size) => ({
  stroke: tone("muted"), grid: { stroke: tone("line"), width: 1 }, ticks: { show: false },
  font: "12px system-ui, sans-serif", size, values: (_, ticks) => ticks.map(words),
});

/** Bands for faults and lines for plans, behind the curves. */
function marks(happened) {
  return { hooks: { drawClear: [(plot) => {
    const { ctx, bbox } = plot;
    const x = (seconds) => Math.round(plot.valToPos(seconds, "x", true));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = tone("bad");
    for (const { from, to } of happened.faults) {
      ctx.globalAlpha = 0.13;
      ctx.fillRect(x(from), bbox.top, Math.max(2, x(to) - x(from)), bbox.height);
    }
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = tone("accent");
    for (const at of happened.plans) ctx.fillRect(x(at) - 1, bbox.top, 2, bbox.height / 12);
    ctx.restore();
  }] } };
}

/** A chart that is made again when the look of the page changes. */
class Chart {
  constructor(node, options, newest) {
    Object.assign(this, { node, options, newest, data: null, width: 0 });
    // Told, not asked for: asking in the middle of an update would lay out the page twice.
    new ResizeObserver(([seen]) => {
      this.width = Math.floor(seen.contentRect.width);
      if (this.plot) this.plot.setSize({ width: this.width, height: HEIGHT });
      else this.show(this.data);
    }).observe(node);
    dark.addEventListener("change", () => { this.plot?.destroy(); this.plot = null; this.show(this.data); });
  }

  show(data) {
    this.data = data;
    if (!data || !data[0].length || !this.width) return;
    if (this.plot) this.plot.setData(data);
    else this.plot = new window.uPlot({ width: this.width, height: HEIGHT, ...this.options() }, data, this.node);
    // Where nobody points, the legend says the newest.
    if (this.newest && !(this.plot.cursor.left >= 0)) this.plot.setLegend({ idx: data[0].length - 1 });
  }
}

const overTime = (happened, series, sync) => () => ({
  cursor: { sync: { key: sync }, drag: { x: true, y: false } },
  scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.08)] } },
  axes: [axis((t) => time(t).replace(".0 s", " s"), 30), axis((n) => figure(n).replace(".0", ""), 56)],
  series: [{ label: "at", value: (_, t) => (t === null ? "–" : time(t)) },
    ...series.map(({ label, colour, fill, step }) => ({
      label, stroke: tone(colour), width: 2, points: { show: false }, fill: fill && `${tone(colour)}22`,
      paths: step && window.uPlot.paths.stepped({ align: -1 }), value: (_, n) => (n === null ? "–" : figure(n)),
    }))],
  plugins: [marks(happened)],
});

/** The three curves over time. */
export class Curves {
  constructor(nodes) {
    this.nodes = nodes;
    this.happened = { faults: [], plans: [] };
    const make = (node, series) => new Chart(node, overTime(this.happened, series, "run"), true);
    this.rate = make(nodes.rate, [{ label: "sent", colour: "accent" }, { label: "done", colour: "good" }]);
    this.flight = make(nodes.flight, [{ label: "in flight", colour: "warn", fill: true }]);
    this.unowned = make(nodes.unowned, [{ label: "without an owner", colour: "bad", fill: true, step: true }]);
  }

  /** Shows points of the run, its faults (`{from, to}`) and plans, in seconds. */
  show(points, faults, plans) {
    Object.assign(this.happened, { faults, plans });
    const at = points.map((point) => point.t);
    const [sent, done] = [rates(points, "sent"), rates(points, "done")];
    this.rate.show([at, sent, done]);
    this.flight.show([at, points.map((point) => point.in_flight)]);
    this.unowned.show([at, points.map((point) => point.unowned)]);
    const last = points.at(-1);
    if (!last) return;
    say(this.nodes.rate, `Messages per second: ${figure(sent.at(-1))} sent, ${figure(done.at(-1))} done`);
    say(this.nodes.flight, `In flight: ${last.in_flight} messages`);
    say(this.nodes.unowned, `Partitions without an owner: ${last.unowned}`);
  }
}

function say(node, words) {
  node.setAttribute("aria-label", words);
}

/** One bar for each worker, and the bound as a line. */
export class Loads {
  constructor(node) {
    this.node = node;
    this.members = [];
    this.chart = new Chart(node, () => ({
      cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] },
        y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [{ ...axis((i) => (this.members[i]?.id ?? "").split("-").at(-1), 30), grid: { show: false } },
        axis((n) => figure(n).replace(".0", ""), 56)],
      series: [{ label: "worker", value: (_, i) => this.members[i]?.id ?? "–" },
        { label: "load", fill: tone("accent"), stroke: tone("accent"), width: 0, points: { show: false },
          paths: window.uPlot.paths.bars({ size: [0.7, 40], disp: { fill: { unit: 3, values: () => this.members.map((m) => ownerColour(m.n)) } } }) },
        { label: "bound", stroke: tone("bad"), width: 2, dash: [6, 4], points: { show: false } }],
    }));
  }

  /** Shows what workers carry. */
  show(members, bound) {
    this.members = members;
    this.chart.show([members.map((_, i) => i), members.map((m) => m.load), members.map(() => bound)]);
    const over = members.filter((m) => m.load > bound).map((m) => m.id);
    say(this.node, `Load of ${members.length} workers; bound ${bound}; above it: ${over.join(", ") || "nobody"}`);
  }
}
