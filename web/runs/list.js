/** A long list drawn in parts: the first rows at once, further ones as they are scrolled to. */

import { h } from '../core/dom.js';

const PART = 60; // rows: more than the tallest screen shows

/**
 * Draws `build(index)` for each of `count` rows into `list`, which scrolls within `scroller`.
 * @param {HTMLElement} list
 * @param {HTMLElement} scroller
 */
export function createList(list, scroller) {
  let [drawn, total] = [0, 0];
  /** @type {(index: number) => HTMLElement} */
  let build = () => h('li');
  const end = h('li', { class: 'end', 'aria-hidden': 'true' });
  const rows = (from, to) => Array.from({ length: to - from }, (_, index) => build(from + index));
  const observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) extend();
  }, { root: scroller, rootMargin: '600px' });
  observer.observe(end);

  function extend() {
    if (drawn === total) return;
    const to = Math.min(total, drawn + PART);
    end.before(...rows(drawn, to));
    drawn = to;
    observer.unobserve(end); // observed again, it is reported again if it is still in view
    observer.observe(end);
  }

  return {
    /** `isOther`: other rows than before, to be read from the top. */
    draw(count, builder, isOther) {
      [build, total] = [builder, count];
      drawn = Math.min(count, isOther ? PART : Math.max(drawn, PART));
      show(list, [...rows(0, drawn), end]);
      if (isOther) scroller.scrollTop = 0;
    },
  };
}

/** Replaces the elements of a list; those that stay are not touched, so that a change of one row costs one row. */
function show(list, elements) {
  const wanted = new Set(elements);
  elements.forEach((element, index) => {
    const present = list.children[index];
    if (present === element) return;
    if (present && !wanted.has(present)) present.replaceWith(element);
    else list.insertBefore(element, present ?? null);
  });
  while (list.children.length > elements.length) list.lastElementChild.remove();
}
