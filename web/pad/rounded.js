/** To the nearest whole number, and a half to the even one, as Python and numpy round. */

export function rounded(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}
