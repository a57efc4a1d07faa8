/** Detection of elements that come into view. */

/** Calls `call()` once, as soon as any part of `element` is in view or about to be printed. */
export function whenSeen(element, call) {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) seen();
  });
  const seen = () => {
    observer.disconnect();
    window.removeEventListener('beforeprint', seen);
    call();
  };
  observer.observe(element);
  window.addEventListener('beforeprint', seen);
}
