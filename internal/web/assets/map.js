// The ownership map: a grid with one cell for each partition, in the colour of its owner.
import { dark, ownerColour } from "./colours.js";
import { tone } from "./format.js";

const FLASH_MS = 1400;
const MARK_MS = 25000;
const FADE_MS = 2500;
const CELL_MIN = 8;
const CELL_MAX = 34;
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Draws owners on a canvas; `describe` says what there is to say about one partition. */
export class OwnerMap {
  /** `describe(partition)` returns text; it is shown in `readout`. */
  constructor(canvas, readout, describe) {
    Object.assign(this, { canvas, readout, describe, cells: [], marked: new Set(), chosen: -1, only: -1 });
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => this.layout()).observe(canvas);
    dark.addEventListener("change", () => this.layout());
    canvas.addEventListener("pointermove", (event) => this.choose(this.at(event)));
    canvas.addEventListener("pointerleave", () => this.choose(-1));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.choose(-1));
  }

  /** Shows all: cells are `{owner, held, flashed}`; `held` says whether the owner is there. */
  show(cells) {
    const resized = cells.length !== this.cells.length;
    this.cells = cells;
    this.marked = new Set(cells.keys());
    if (resized) this.layout();
    else this.draw();
  }

  /** Draws partitions that changed, until their marks have faded. */
  changed(partitions) {
    for (const partition of partitions) this.marked.add(partition);
    this.draw();
  }

  /** Dims whatever is not owned by `owner`; -1 for none. */
  highlight(owner) {
    if (this.only === owner) return;
    this.only = owner;
    this.marked = new Set(this.cells.keys());
    this.draw();
  }

  layout() {
    const width = this.canvas.clientWidth;
    if (!width || !this.cells.length) return;
    const fitting = Math.floor(Math.sqrt((width * 300) / this.cells.length));
    const size = Math.min(CELL_MAX, Math.max(CELL_MIN, fitting));
    this.columns = Math.max(1, Math.floor(width / size));
    this.size = width / this.columns;
    const rows = Math.ceil(this.cells.length / this.columns);
    const scale = window.devicePixelRatio || 1;
    const height = Math.ceil(rows * this.size);
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.palette = { nobody: tone("line"), gone: tone("bad"), ink: tone("ink"), ground: tone("surface") };
    this.marked = new Set(this.cells.keys());
    this.draw();
  }

  draw() {
    if (this.waiting || !this.palette) return;
    this.waiting = requestAnimationFrame((now) => {
      this.waiting = 0;
      for (const partition of this.marked) {
        if (!this.cell(partition, now)) this.marked.delete(partition);
      }
      if (this.marked.size) this.again();
    });
  }

  /** Marks fade slowly: when nothing flashes, a frame every now and then is enough. */
  again() {
    const flashing = !still.matches
      && [...this.marked].some((p) => performance.now() - this.cells[p].flashed < FLASH_MS);
    if (flashing) this.draw();
    else if (!this.later) {
      this.later = setTimeout(() => { this.later = 0; this.draw(); }, FADE_MS);
    }
  }

  /** Draws one cell; says whether it will look different in a moment. */
  cell(partition, now) {
    const { context, size, palette } = this;
    const { owner, held, flashed } = this.cells[partition];
    const [x, y] = [(partition % this.columns) * size, Math.floor(partition / this.columns) * size];
    const inner = size - (size > 12 ? 2 : 1);
    context.globalAlpha = 1;
    context.fillStyle = palette.ground;
    context.fillRect(x, y, size, size);
    context.globalAlpha = this.only >= 0 && owner !== this.only ? 0.15 : 1;
    context.fillStyle = owner < 0 ? palette.nobody : ownerColour(owner);
    context.fillRect(x, y, inner, inner);
    if (!held) this.cross(x, y, inner);
    const age = now - flashed;
    if (age < FLASH_MS && !still.matches) {
      context.fillStyle = palette.ink;
      context.globalAlpha *= 1 - Math.max(0, age) / FLASH_MS;
      context.fillRect(x, y, inner, inner);
    } else if (age < MARK_MS) {
      const side = Math.max(3, inner * 0.5 * (1 - age / MARK_MS));
      context.fillStyle = palette.ink;
      context.beginPath();
      context.moveTo(x + inner - side, y);
      context.lineTo(x + inner, y);
      context.lineTo(x + inner, y + side);
      context.fill();
    }
    if (partition === this.chosen) {
      context.globalAlpha = 1;
      context.strokeStyle = palette.ink;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, inner - 2, inner - 2);
    }
    return age < MARK_MS;
  }

  /** Nobody is there who could work on it. */
  cross(x, y, inner) {
    const { context } = this;
    context.strokeStyle = this.palette.gone;
    context.lineWidth = Math.max(1, inner / 10);
    context.beginPath();
    context.moveTo(x + inner * 0.25, y + inner * 0.25);
    context.lineTo(x + inner * 0.75, y + inner * 0.75);
    context.moveTo(x + inner * 0.75, y + inner * 0.25);
    context.lineTo(x + inner * 0.25, y + inner * 0.75);
    context.stroke();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / this.size);
    const row = Math.floor((event.clientY - box.top) / this.size);
    const partition = row * this.columns + column;
    return column >= 0 && column < this.columns && partition < this.cells.length ? partition : -1;
  }

  key(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = this.chosen < 0 ? 0 : this.chosen + step;
    if (next >= 0 && next < this.cells.length) this.choose(next);
  }

  choose(partition) {
    if (partition === this.chosen) return;
    const before = this.chosen;
    this.chosen = partition;
    this.changed([before, partition].filter((one) => one >= 0 && one < this.cells.length));
    this.say();
  }

  /** Says what there is to say about the chosen partition. */
  say() {
    if (this.chosen >= 0) this.readout.textContent = this.describe(this.chosen);
  }
}
