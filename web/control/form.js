/** The form for a new run: a field for every option, the learning-rate schedule, and the equivalent command; starts or queues it. */

import { button, copiesFrom, h, setText } from '../core/dom.js';
import { text } from '../core/values.js';
import { Refusal, SEEDS, begin, enqueue, messageOf } from './requests.js';
import { defaultsOf, parseOptions } from './defaults.js';
import { estimateText } from './estimate.js';
import { createField } from './field.js';
import { createPreview } from './preview.js';
import { OUTDATED, lrWarning, isOutdated, possible } from './state.js';
import { createStrip } from './strip.js';
import { commandOf, different } from './validation.js';

/** @import {Store} from '../core/state-types.js' */

/** The form for the server's options. `done(sentence)` is called when a run has been started or queued. */
export const createForm = (given, store, poll, done) => new Form(parseOptions(given), store, poll, done);

class Form {
  #options;
  #store;
  #poll;
  #done;
  #fields;
  #preview = createPreview();
  #strip = createStrip();
  #title = h('h2');
  #estimate = h('p', { class: 'soft' });
  #command = h('code');
  #reason = h('p', { class: 'problem', role: 'alert' });
  #copy = button('Copy');
  // Of either button, a double click is not a confirmation.
  #start = h('button', { class: 'first' });
  #repeat = button(`Repeat with seeds ${SEEDS[0]} to ${SEEDS.at(-1)}`, ({ detail }) => detail > 1 || this.#submit(SEEDS));
  #isLocked = false; // since the server rejects the page's token
  #warning = ''; // about the learning rate, once shown

  /**
   * @param {ReturnType<typeof parseOptions>} options
   * @param {Store} store
   */
  constructor(options, store, poll, done) {
    [this.#options, this.#store, this.#poll, this.#done] = [options, store, poll, done];
    const changed = () => this.#update();
    const context = () => {
      const model = this.#fields.get('model')?.input.value;
      return { model, convolutions: options.models[model]?.channels?.length };
    };
    this.#fields = new Map(options.options.map((option) => [option.name, createField(option, changed, context)]));
    this.dialog = this.#markup();
    copiesFrom(this.#copy, this.#command);
    this.#start.addEventListener('click', (event) => { if (event.detail > 1) event.preventDefault(); });
    document.body.append(this.dialog);
    this.#update();
    store.on(['control', 'log', 'liveness'], (state) => {
      if (this.#isLocked !== isOutdated(state)) this.#lock();
      this.#label();
    });
  }

  open(title = 'New run') {
    setText(this.#title, title);
    this.dialog.ariaLabel = title;
    this.#update(); // by the runs that there are now
    this.dialog.showModal();
  }

  /** Enters the settings of a run; all other fields have their defaults. */
  fill(settings) {
    for (const field of this.#fields.values()) field.set(settings[field.name]);
    this.#update();
  }

  #markup() {
    const cancel = button('Cancel', () => this.dialog.close());
    const onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    return h('dialog', { class: 'card new-run' }, h(
      'form', { novalidate: true, onsubmit },
      this.#title,
      h('div', { class: 'fields' }, ...fieldsets(this.#options.options, this.#fields, { lr: this.#preview.figure, rotation: this.#strip.figure })),
      h('div', { class: 'ending' }, this.#estimate,
        h('div', { class: 'command' }, this.#command, this.#copy), this.#reason, h('div', { class: 'picks' }, this.#start, this.#repeat, cancel)),
    ));
  }

  /** The entered options, all defaults given these, and the options to send. */
  #values() {
    const entries = [...this.#fields.values()].map(({ name, value }) => [name, value()]);
    const chosen = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    const defaults = defaultsOf(this.#options, chosen);
    return { chosen, defaults, sent: different(chosen, defaults) };
  }

  /** Defaults follow preset, model and optimizer. */
  #update() {
    for (let round = 0; round < 2; round += 1) { // the preset's model is the default, and has its own channels
      const { defaults } = this.#values();
      for (const field of this.#fields.values()) field.follow(defaults[field.name]);
    }
    const { chosen, defaults, sent } = this.#values();
    const all = { ...defaults, ...chosen };
    const isWrong = [...this.#fields.values()].filter((field) => field.check()).length > 0;
    this.#fields.get('preset')?.tell(described(all.preset, this.#options.presets[all.preset]?.purpose));
    this.#fields.get('model')?.tell(described(all.model, this.#options.models[all.model]?.about));
    this.#preview.show(isWrong ? {} : all);
    if (!isWrong) this.#strip.show(all);
    setText(this.#estimate, isWrong ? '' : estimateText(this.#store.state.runs, all));
    setText(this.#command, isWrong ? 'Fix the highlighted fields.' : commandOf(this.#options, sent));
    this.#copy.disabled = isWrong;
    this.#warning = '';
    this.#label();
    this.#lock();
  }

  /** While another run is trained, this one waits for its end. */
  #label() {
    const verb = possible(this.#store.state).start ? 'Start' : 'Add to queue';
    setText(this.#start, this.#warning ? `${verb} anyway` : verb);
  }

  /** A restarted server rejects this page's token, which is shown before more is filled in. */
  #lock() {
    this.#isLocked = isOutdated(this.#store.state);
    this.#enable();
    setText(this.#reason, this.#isLocked ? OUTDATED : '');
  }

  #enable(isFree = !this.#isLocked) {
    for (const one of [this.#start, this.#repeat]) one.disabled = !isFree;
  }

  /**
   * Starts or queues the run, or queues one for each of `seeds`.
   * @param {number[] | null} [seeds]
   */
  #submit(seeds = null) {
    const wrong = [...this.#fields.values()].find((field) => field.check());
    if (wrong) return focus(wrong);
    const { chosen, defaults, sent } = this.#values();
    const warning = lrWarning(chosen.lr, defaults.lr, 'default');
    if (warning === this.#warning) return this.#send(sent, seeds);
    this.#warning = warning;
    setText(this.#reason, warning);
    return this.#label();
  }

  async #send(options, seeds) {
    this.#enable(false);
    try {
      const isStarted = !seeds && possible(this.#store.state).start;
      const sentence = isStarted
        ? await begin(this.#store, this.#poll, 'runs', { options })
        : await enqueue(this.#store, this.#poll, { options, ...(seeds && { seeds }) });
      this.dialog.close();
      this.#done(sentence);
    } catch (error) {
      setText(this.#reason, messageOf(error));
      const field = error instanceof Refusal && this.#fields.get(error.field);
      if (field) {
        field.refuse(messageOf(error));
        focus(field);
      }
    } finally {
      this.#enable();
    }
  }
}

const described = (name, about) => (about ? `${name}: ${about}` : '');

function focus({ root, input }) {
  const more = root.closest('details');
  if (more) more.open = true;
  input.focus();
}

const BASIC = ['preset', 'epochs', 'seed', 'name'];

/**
 * The basic options; all others are folded, a fieldset for each group in their order, those without a group last.
 * `figures`: the figure below the fields of the group with that option.
 */
function fieldsets(options, fields, figures) {
  const groupOf = ({ name, group }) => (BASIC.includes(name) ? 'Basic' : text(group, 80) || 'Other');
  const titles = [...new Set(options.map(groupOf))].filter((title) => !['Basic', 'Other'].includes(title));
  const fieldset = (title) => {
    const names = options.filter((option) => groupOf(option) === title).map(({ name }) => name);
    const figure = names.map((name) => figures[name]).find(Boolean) ?? null;
    return h('fieldset', {}, h('legend', {}, title), ...names.map((name) => fields.get(name).root), figure);
  };
  return [fieldset('Basic'), h('details', {}, h('summary', {}, 'More'), ...[...titles, 'Other'].map(fieldset))];
}
