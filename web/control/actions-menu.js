/** The menu for the learning rate, the number of epochs, a snapshot of the weights, and the rules by which the run pauses itself. */

import { button, h, setText } from '../core/dom.js';
import { PAUSE_RULES, isRuleOn, presentLrWarning } from './state.js';

const MORE_EPOCHS = 5;

/** The menu, and a function that draws the state of the live run. `ask(action, value)` sends a command; `log()` is that of the live run. */
export function createMenu(ask, log) {
  const rate = h('input', { type: 'number', min: 0, step: 'any', required: true, inputmode: 'decimal' });
  const more = h('input', { type: 'number', min: 1, max: 1_000_000, value: MORE_EPOCHS, required: true });
  const warning = h('p', { class: 'problem', role: 'alert' });
  const set = h('button', {}, 'Set');
  const field = (label, input, submit, asks) => h(
    'form', { onsubmit: (event) => { event.preventDefault(); asks(); } },
    h('label', {}, h('span', {}, label), input), submit,
  );
  let sure = ''; // the rate that the warning was about

  function setRate() {
    const found = rate.value === sure ? '' : presentLrWarning(log(), rate.valueAsNumber);
    if (found) {
      sure = rate.value;
      setText(warning, found);
      setText(set, 'Set anyway');
      return;
    }
    close();
    ask('lr', rate.valueAsNumber);
  }

  function forgetDoubt() {
    sure = '';
    setText(warning, '');
    setText(set, 'Set');
  }

  rate.addEventListener('input', forgetDoubt);
  // Neither a double click nor a key held down is a confirmation.
  set.addEventListener('click', (event) => { if (event.detail > 1) event.preventDefault(); });
  rate.addEventListener('keydown', (event) => { if (event.repeat && event.key === 'Enter') event.preventDefault(); });
  const summary = h('summary', {}, 'Change');
  const rules = Object.entries(PAUSE_RULES).map(([action, title]) => createRule(action, title, ask));
  const menu = h(
    'details', { class: 'menu' }, summary,
    h('div', { class: 'card' },
      field('New learning rate', rate, set, setRate),
      warning,
      field('More epochs', more, h('button', {}, 'Add'), () => { close(); ask('epochs', `+${more.value}`); }),
      button('Save a snapshot', () => { close(); ask('snapshot'); }),
      ...rules.map(({ root }) => root)),
  );

  /** Returns the focus to the button that opened it. */
  function close() {
    menu.open = false;
    summary.focus();
  }
  menu.addEventListener('toggle', forgetDoubt);
  menu.addEventListener('keydown', ({ key }) => { if (key === 'Escape' && menu.open) close(); });
  document.addEventListener('pointerdown', ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  return { menu, draw: () => { for (const rule of rules) rule.draw(log()); } };
}

/** A check box that shows whether the trainer follows a rule. */
function createRule(action, title, ask) {
  const box = h('input', { type: 'checkbox' });
  const root = h('label', { class: 'rule' }, box, title);
  box.addEventListener('change', () => ask(action, box.checked));
  const draw = (log) => {
    const isOn = log && isRuleOn(log, action);
    root.hidden = isOn === null;
    if (!root.hidden) box.checked = isOn;
  };
  return { root, draw };
}
