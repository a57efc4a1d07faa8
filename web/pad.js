/** Where the pad comes: its program is only read when somebody is about to see it. */

export function mount(element, store) {
  store.on(['log'], ({ log }) => { element.hidden = !log?.files.includes('network.json'); });
  new IntersectionObserver(async ([{ isIntersecting }], observer) => {
    if (!isIntersecting) return;
    observer.disconnect();
    (await import('./pad/pad.js')).mount(element, store);
  }, { rootMargin: '400px' }).observe(element);
}
