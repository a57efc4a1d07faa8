/** The form for a new run: a field for every option, the learning-rate schedule, and the equivalent command. */

import { button, copiesFrom, h, setText } from '../core/dom.js';
import { isRecord, list, record } from '../core/values.js';
import { begin } from './asking.js';
import { commandOf, different } from './validation.js';
import { createField } from './field.js';
import { createPreview } from './preview.js';
import { OUTDATED, doubtAbout, isOutdated } from './state.js';
import { usualOf } from './defaults.js';

const GROUPS = [
  ['Network', ['preset', 'model', 'channels']],
  ['Learning', ['epochs', 'batch_size', 'optimizer', 'lr']],
  ['Augmentation', ['rotation', 'translate', 'scale', 'shear', 'elastic', 'stroke_width', 'low_res', 'outlier_ratio']],
  ['Data, seed, name', ['dataset', 'validation', 'seed', 'name']],
];

/** The dialog for the server's options. `done(sentence)` is called when a run has been started. */
export function createForm(given, store, look, done) {
  const description = {
    options: list(given.options).filter(isRecord),
    presets: record(given.presets),
    models: record(given.models),
    default_lr: record(given.default_lr),
    owner: record(given.owner),
    fixed_args: list(given.fixed_args).filter((word) => typeof word === 'string'),
  };
  const context = () => {
    const model = fields.get('model')?.input.value;
    return { model, convolutions: description.models[model]?.channels?.length };
  };
  const fields = new Map(description.options.map((option) => [option.name, createField(option, update, context)]));
  const preview = createPreview();
  const [command, reason] = [h('code'), h('p', { class: 'problem', role: 'alert' })];
  const [copy, start] = [button('Copy'), h('button', { class: 'first' }, 'Start')];
  let isLocked = false; // since the server rejects the page's token
  let doubt = ''; // about the learning rate, once shown
  start.addEventListener('click', (event) => { if (event.detail > 1) event.preventDefault(); }); // a double click is not a confirmation
  const cancel = button('Cancel', () => dialog.close());
  const form = h(
    'form', { novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } },
    h('h2', {}, 'New run'),
    h('div', { class: 'fields' }, ...groups(fields, preview.figure)),
    h('div', { class: 'ending' },
      h('div', { class: 'command' }, command, copy), reason, h('div', { class: 'picks' }, start, cancel)),
  );
  const dialog = h('dialog', { class: 'card new-run', 'aria-label': 'New run' }, form);
  copiesFrom(copy, command);

  const chosen = () => Object.fromEntries([...fields.values()].map(({ name, value }) => [name, value()]).filter(([, value]) => value !== undefined));
  const sent = () => different(chosen(), usualOf(description, chosen()));

  /** Defaults follow preset, model and optimizer. */
  function update() {
    for (let round = 0; round < 2; round += 1) { // the preset's model is the default, and has its own channels
      const usual = usualOf(description, chosen());
      for (const field of fields.values()) field.follow(usual[field.name]);
    }
    const all = { ...usualOf(description, chosen()), ...chosen() };
    const isWrong = [...fields.values()].filter((field) => field.check()).length > 0;
    fields.get('preset')?.tell(told(all.preset, description.presets[all.preset]?.purpose));
    fields.get('model')?.tell(told(all.model, description.models[all.model]?.about));
    preview.show(isWrong ? {} : all);
    setText(command, isWrong ? 'Fix the highlighted fields.' : commandOf(description, sent()));
    copy.disabled = isWrong;
    doubt = '';
    setText(start, 'Start');
    lock();
  }

  /** A restarted server rejects this page's token, which is shown before more is filled in. */
  function lock() {
    isLocked = isOutdated(store.state);
    start.disabled = isLocked;
    setText(reason, isLocked ? OUTDATED : '');
  }

  async function submit() {
    const wrong = [...fields.values()].find((field) => field.check());
    if (wrong) return point(wrong);
    const found = doubtAbout(chosen().lr, usualOf(description, chosen()).lr, 'usual');
    if (found !== doubt) {
      doubt = found;
      setText(reason, found);
      setText(start, 'Start anyway');
      return undefined;
    }
    start.disabled = true;
    try {
      const sentence = await begin(store, look, 'runs', { options: sent() });
      dialog.close();
      done(sentence);
    } catch (refusal) {
      setText(reason, refusal.message);
      const field = fields.get(refusal.field);
      field?.refuse(refusal.message);
      if (field) point(field);
    } finally {
      start.disabled = isLocked;
    }
    return undefined;
  }

  document.body.append(dialog);
  update();
  store.on(['control'], (state) => {
    if (isLocked !== isOutdated(state)) lock();
  });
  return dialog;
}

const told = (name, about) => (about ? `${name}: ${about}` : '');

function point({ root, input }) {
  const more = root.closest('details');
  if (more) more.open = true;
  input.focus();
}

function groups(fields, figure) {
  const known = new Set(GROUPS.flatMap(([, names]) => names));
  const rest = [...fields.keys()].filter((name) => !known.has(name));
  const rootsOf = (names) => names.flatMap((name) => (fields.has(name) ? [fields.get(name).root] : []));
  const shown = GROUPS.map(([title, names]) => h(
    'fieldset', {}, h('legend', {}, title), ...rootsOf(names), title === 'Learning' && figure,
  ));
  return [...shown, h('details', {}, h('summary', {}, 'More'), h('fieldset', { 'aria-label': 'More' }, ...rootsOf(rest)))];
}
