/** Redrawing at most once per animation frame, or once something has come to rest. */

export function oncePerFrame(redraw) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      redraw();
    });
  };
}

/** Delay of drawings that follow the scrubber once it rests: sixty images, or points, are too many for every frame. */
export const RESTING_MS = 120;

/**
 * `drawAtRest(draw, isMoving)` for drawings too slow for every frame: it draws at once, but while one thing moves again within
 * `ms` only after it has come to rest.
 */
export function createAtRest(ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (draw, isMoving) => {
    const isWaiting = isMoving && timer !== undefined;
    clearTimeout(timer);
    timer = undefined;
    if (!isWaiting) draw();
    if (isMoving) timer = setTimeout(finish, ms, isWaiting ? draw : null);
  };

  function finish(draw) {
    timer = undefined;
    draw?.();
  }
}
