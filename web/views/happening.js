/** What is happening in the run, in sentences: they scroll; a narrow screen has the first lines, and a button for the others. */

import { button, h, setText } from '../core/dom.js';
import { explanationsOf } from '../core/explanations.js';
import { logAt } from '../core/timeline.js';

export function mount(element, store) {
  const list = element.querySelector('[data-part=sentences]');
  const more = button('', () => setOpen(!element.classList.contains('open')));
  more.className = 'more narrow-only';
  element.append(more);
  let drawn = '';

  function setOpen(isOpen) {
    element.classList.toggle('open', isOpen);
    setText(more, isOpen ? 'Show less' : 'Show all');
    more.ariaExpanded = String(isOpen);
    measure();
  }

  /** Whether a part of the text is out of view. */
  function measure() {
    more.hidden = !element.classList.contains('open') && list.scrollHeight <= list.clientHeight + 1;
    list.classList.toggle('faded', list.scrollTop + list.clientHeight < list.scrollHeight - 1);
  }

  setOpen(false);
  new ResizeObserver(measure).observe(list);
  list.addEventListener('scroll', measure, { passive: true });
  store.on(['log', 'liveness', 'epoch'], ({ log: latest, liveness, epoch }) => {
    const log = latest && logAt(latest, epoch);
    const sentences = log ? explanationsOf(log, log === latest ? liveness : null) : [];
    const content = sentences.join('\n');
    if (content === drawn) return; // keeps a selection and the scroll position
    drawn = content;
    list.replaceChildren(...sentences.map((sentence) => h('p', {}, sentence)));
    measure();
  });
}
