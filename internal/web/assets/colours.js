// One colour for each worker: the same for the whole run, neighbours far apart, in light and dark.

/** Whether the page is dark. */
export const dark = window.matchMedia("(prefers-color-scheme: dark)");

const GOLDEN_ANGLE = 137.508;
// Three rings of lightness: a hundred hues alone could not be told apart.
const LIGHTNESS = { light: [62, 47, 76], dark: [54, 68, 40] };

const known = new Map();
dark.addEventListener("change", () => known.clear());

/** The colour of the worker with this number. */
export function ownerColour(number) {
  if (!known.has(number)) known.set(number, colour(number));
  return known.get(number);
}

function colour(number) {
  const lightness = (dark.matches ? LIGHTNESS.dark : LIGHTNESS.light)[Math.floor(number / 9) % 3];
  const hue = (215 + number * GOLDEN_ANGLE) % 360;
  return `hsl(${hue.toFixed(1)} 55% ${lightness}%)`;
}
