/** The queue: runs that start one after the other, and those of them that failed. */

import { button, h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { messageOf, send } from './requests.js';

const EMPTY = { runs: [], failures: [] };

export function mount(parent, store) {
  const title = h('h3');
  const runs = h('ol');
  const failures = h('ul', { class: 'failures' });
  const message = h('p', { class: 'problem', role: 'alert' });
  const all = button('Cancel all', () => remove('queue'));
  const root = h('section', { id: 'queue', 'aria-label': 'Queue', hidden: true }, h('div', { class: 'heading' }, title, all), runs, failures, message);
  parent.append(root);
  let drawn = '';

  async function remove(path) {
    setText(message, '');
    try {
      const queue = await send(store.state.token, 'DELETE', path);
      store.set({ control: { ...store.state.control, queue: { runs: queue.runs, failures: queue.failures } } });
    } catch (error) {
      setText(message, messageOf(error));
    }
  }

  const itemOf = ({ id, name, reason }) => {
    const verb = reason ? 'Dismiss' : 'Cancel';
    const element = button(verb, () => remove(`queue/${id}`));
    element.ariaLabel = `${verb} ${name}`;
    return h('li', {}, h('span', {}, name, reason && h('small', { class: 'problem' }, reason)), element);
  };

  store.on(['control'], ({ control }) => {
    const queue = (control?.isAuthorized && control.queue) || EMPTY;
    const key = JSON.stringify(queue);
    if (key === drawn) return; // a focused button stays
    drawn = key;
    root.hidden = !queue.runs.length && !queue.failures.length;
    setText(title, queue.runs.length ? `Queue: ${whole(queue.runs.length)}` : 'Queue');
    all.hidden = queue.runs.length < 2;
    runs.replaceChildren(...queue.runs.map(itemOf));
    failures.replaceChildren(...queue.failures.map(itemOf));
  });
}
