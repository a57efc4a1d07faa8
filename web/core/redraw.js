/** Redrawing at most once per animation frame. */

export function oncePerFrame(redraw) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      redraw();
    });
  };
}
