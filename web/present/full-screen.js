/** Full screen, where the browser offers it. */

const root = document.documentElement;

/**
 * `enter()` and `leave()` do nothing where there is nothing to do; `left()` is called when the reader has left full screen,
 * as with Escape, other than by the button or its key.
 * @param {HTMLButtonElement} button
 * @param {() => void} left
 */
export function createFullScreen(button, left) {
  let isWanted = false;
  button.hidden = !document.fullscreenEnabled;

  function enter() {
    if (!document.fullscreenEnabled || !navigator.userActivation?.isActive) return; // as when a link opened the page
    isWanted = true;
    root.requestFullscreen().catch(() => { isWanted = false; });
  }

  function leave() {
    isWanted = false;
    if (document.fullscreenElement) document.exitFullscreen();
  }

  const toggle = () => (document.fullscreenElement ? leave() : enter());
  button.addEventListener('click', toggle);
  document.addEventListener('fullscreenchange', () => {
    button.textContent = document.fullscreenElement ? 'Exit full screen' : 'Full screen';
    if (document.fullscreenElement || !isWanted) return;
    isWanted = false;
    left();
  });
  return { enter, leave, toggle };
}
