/** Large buttons on the empty page that start a first run. */

import { h, setText } from '../core/dom.js';
import { begin, messageOf } from './requests.js';
import { possible } from './state.js';

const CHOICES = [['Train', 'about 1 min', {}], ['Train fast', '10 s', { preset: 'fast' }]];

export function mount(welcome, store, poll) {
  const message = h('p', { role: 'status' });
  const buttons = CHOICES.map(([title, time, options]) => h(
    'button', { type: 'button', class: 'large', onclick: () => start(options) }, title, h('small', {}, ` (${time})`),
  ));
  const root = h('div', { class: 'first-run' }, ...buttons, message);
  welcome.querySelector('h1').after(root);

  async function start(options) {
    for (const one of buttons) one.disabled = true;
    try {
      setText(message, `${await begin(store, poll, 'runs', { options })}.`);
    } catch (error) {
      setText(message, messageOf(error));
    }
    draw();
  }

  function draw() {
    const { start: isFree, mayAct } = possible(store.state);
    root.hidden = !store.state.control;
    for (const one of buttons) one.disabled = !isFree || !mayAct;
  }
  store.on(['control', 'log', 'liveness', 'connection'], draw);
}
