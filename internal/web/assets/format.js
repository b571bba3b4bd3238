// Numbers, times and elements, in one way everywhere. Text only ever becomes text nodes.

const whole = new Intl.NumberFormat("en-US");

/** A count, with separators. */
export const count = (n) => whole.format(n);

/** A figure with one decimal where it matters. */
export const figure = (n) => (Math.abs(n) < 10 ? n.toFixed(1) : whole.format(Math.round(n)));

/** A time of the run. */
export function time(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return `${s.toFixed(1)} s`;
  const parts = [Math.floor(s / 3600), Math.floor(s / 60) % 60, Math.floor(s) % 60];
  return (parts[0] ? parts : parts.slice(1)).map((p) => String(p).padStart(2, "0")).join(":");
}

/** An element with attributes and children; strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Writes only what differs: an untouched node costs no layout and interrupts no screen reader. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Numbers as ranges: 1–3, 7. */
export function ranges(numbers) {
  const said = [];
  for (let i = 0; i < numbers.length; i += 1) {
    const from = numbers[i];
    while (numbers[i + 1] === numbers[i] + 1) i += 1;
    said.push(from === numbers[i] ? `${from}` : `${from}–${numbers[i]}`);
  }
  return said.join(", ");
}

/** A colour of the style sheet. */
export const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
