/** A form field for one training option: label, input, help, and problem. */

import { h, setText } from '../core/dom.js';
import { labelOf } from '../core/field-labels.js';
import { capital } from '../core/format.js';
import { limitsOf, problemOf, valueOf, written } from './validation.js';

const KEYBOARDS = { int: 'numeric', float: 'decimal' };

/** An untouched field follows the default. `changed()` is called at every entry; `context()` has the model. */
export function createField(option, changed, context) {
  const { name, flag, kind, help, default_text: defaultText = '' } = option;
  const id = `option-${name}`;
  const input = inputOf(option, id);
  const problem = h('small', { class: 'problem', id: `${id}-problem` });
  const note = h('span');
  const limits = kind === 'choice' || kind === 'bool' ? '' : limitsOf(option);
  const about = h('small', { class: 'soft', id: `${id}-help` }, help, limits && ` ${capital(limits)}.`, note);
  const root = h('div', { class: `field ${kind}` }, h('div', { class: 'naming' }, h('label', { for: id }, labelOf(name)), h('code', { class: 'soft' }, flag)), input, problem, about);
  let isTouched = false;
  let refused = '';

  const textOf = () => (kind === 'bool' ? input.checked : input.value);
  input.addEventListener('input', () => {
    isTouched = kind === 'bool' || input.value !== '';
    refused = '';
    changed();
  });

  /** The problem of the entry; an empty field has the default and none. */
  function check() {
    const text = textOf();
    const found = refused || (kind === 'bool' || text === '' ? '' : problemOf(option, text, context()));
    setText(problem, found);
    input.setAttribute('aria-invalid', String(Boolean(found)));
    return found;
  }

  return {
    name, root, input, check,
    /** The entered value; undefined for none or an invalid one. */
    value: () => (!isTouched || check() ? undefined : kind === 'bool' ? input.checked : valueOf(option, input.value)),
    follow(value) {
      if (kind === 'bool') input.checked = isTouched ? input.checked : value === true;
      else {
        input.placeholder = written(value) || defaultText;
        if (!isTouched && document.activeElement !== input) input.value = written(value);
      }
    },
    /** Enters a value; undefined: the field follows the default. */
    set(value) {
      isTouched = value !== undefined;
      refused = '';
      if (kind === 'bool') input.checked = value === true;
      else input.value = written(value);
    },
    tell: (text) => setText(note, text && ` ${text.replace(/\.?$/, '.')}`),
    refuse(reason) {
      refused = reason;
      check();
    },
  };
}

function inputOf({ name, kind, choices, max_length: longest }, id) {
  const described = { id, name, 'aria-describedby': `${id}-problem ${id}-help` };
  if (kind === 'choice') return h('select', described, ...choices.map((choice) => h('option', { value: choice }, choice)));
  if (kind === 'bool') return h('input', { ...described, type: 'checkbox' });
  return h('input', {
    ...described, type: 'text', autocomplete: 'off', spellcheck: 'false', inputmode: KEYBOARDS[kind] ?? 'text', maxlength: longest ?? 200,
  });
}
