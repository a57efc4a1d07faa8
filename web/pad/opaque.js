/** What is transparent becomes paper: white under dark ink, black under light. */

/** Changes `values` (height, width, 4), of which the last channel is opacity. */
export function makeOpaque(values) {
  const white = brightness(values) < 0.5 ? 1 : 0;
  for (let at = 0; at < values.length; at += 4) {
    const opacity = values[at + 3];
    for (let place = at; place < at + 3; place += 1) values[place] = values[place] * opacity + (1 - opacity) * white;
    values[at + 3] = 1;
  }
}

function brightness(values) {
  let [light, all] = [0, 0];
  for (let at = 0; at < values.length; at += 4) {
    light += (values[at] + values[at + 1] + values[at + 2]) * values[at + 3];
    all += 3 * values[at + 3];
  }
  return light / Math.max(all, 1e-9);
}
