/** Controls in the header: pause, stop and change the live run, start one, or repeat the shown one. */

import { button, h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';
import { begin, messageOf, sendCommand } from './requests.js';
import { createMenu } from './actions-menu.js';
import { OUTDATED, isOutdated, possible } from './state.js';

/** @import {Store} from '../core/state-types.js' */

const READ_MS = 6000; // the events list it, too

/**
 * @param {Store} store
 * @param {ReturnType<typeof import('./new-run.js').createNewRun>} newRun
 */
export function mount(header, store, poll, newRun) {
  const bar = new Bar(store, poll, newRun);
  header.append(bar.controls, bar.message);
  document.addEventListener('pointerdown', () => bar.forgetFocus());
  store.on(['control', 'log', 'liveness', 'shown', 'connection'], () => bar.draw());
  store.on(['token'], () => bar.tell(''));
  let before = { runId: '', queued: 0 };
  store.on(['log', 'control'], ({ log, control }) => {
    const now = { runId: log?.runId ?? '', queued: control?.queue?.runs.length ?? 0 };
    if (now.runId !== before.runId || now.queued < before.queued) bar.endReport(); // what it announced is there, or canceled
    before = now;
  });
  let isLocked = false; // since the server rejects the page's token
  store.on(['control', 'token'], (state) => {
    if (isOutdated(state)) bar.tell(OUTDATED);
    else if (isLocked) bar.tell('');
    isLocked = isOutdated(state);
  });
  return bar;
}

class Bar {
  message = h('p', { class: 'message', role: 'status' });
  #store;
  #poll;
  #pause = button('Pause', () => this.#ask(possible(this.#store.state).isPaused ? 'continue' : 'pause'));
  #stop = button('Stop', () => this.#ask('stop'));
  #menu = createMenu((action, value) => this.#ask(action, value), () => this.#store.state.log);
  resume = () => this.#act(() => begin(this.#store, this.#poll, 'resume', {}));
  again = () => this.#act(() => this.#newRun.again(this.#shown()));
  #resume = button('Resume', this.resume);
  #start = button('New run', () => this.#act(() => this.#newRun.open()));
  #again = button('Run again\u2026', this.again);
  controls = h(
    'div', { class: 'controls', role: 'group', 'aria-label': 'Controls' },
    this.#pause, this.#stop, this.#menu.menu, this.#resume, this.#again, this.#start,
  );
  #isAsking = false;
  #timer = 0; // until the message disappears
  #newRun;
  /** @type {any} */
  #lostFocus = null; // the control that was disabled while it had the focus

  constructor(store, poll, newRun) {
    this.#store = store;
    this.#poll = poll;
    this.#newRun = newRun;
  }

  #ask(action, value) {
    return this.#act(async () => (await sendCommand(this.#store, this.#poll, action, value)).text);
  }

  /** One request at a time; `work` resolves to a sentence about its result. */
  async #act(work) {
    if (this.#isAsking) return;
    this.tell('');
    this.#setAsking(true);
    try {
      const sentence = await work();
      if (sentence) this.report(sentence);
    } catch (error) {
      this.tell(messageOf(error));
    }
    this.#setAsking(false);
  }

  #shown() {
    const { log, shown } = this.#store.state;
    return { runId: log?.runId, name: log?.name ?? '', path: shown ?? '' };
  }

  /** Shows the result of a request for a while. */
  report = (sentence) => this.tell(`${capital(sentence).replace(/\.$/, '')}.`, READ_MS);

  endReport() {
    if (this.#timer) this.tell('');
  }

  tell(text, readMs = 0) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    setText(this.message, text);
    if (readMs) this.#timer = setTimeout(() => this.tell(''), readMs);
  }

  #setAsking(isAsking) {
    this.#isAsking = isAsking;
    this.draw();
  }

  draw() {
    const { state } = this.#store;
    const focused = this.controls.contains(document.activeElement) && document.activeElement;
    const { isLive, mayAct, isPaused, resume: isResumable, queue, again } = possible(state);
    for (const control of [this.#pause, this.#stop, this.#menu.menu]) control.hidden = !isLive;
    this.#resume.hidden = !isResumable;
    this.#again.hidden = !again;
    this.#start.hidden = this.controls.hidden = !queue;
    setText(this.#pause, isPaused ? 'Continue' : 'Pause');
    if (!this.#isAsking) this.#menu.draw(); // a box that was just checked stays so until the trainer answers
    const isDisabled = this.#isAsking || !mayAct;
    for (const one of this.controls.querySelectorAll('button, input')) one.disabled = isDisabled;
    this.message.hidden = !state.control;
    if (focused && !isUsable(focused)) this.#lostFocus = focused;
    if (!isDisabled) this.#refocus();
  }

  forgetFocus() { this.#lostFocus = null; }

  /** Returns the focus to a control that was disabled, or to a neighbor, unless it has moved elsewhere. */
  #refocus() {
    if (this.#lostFocus && ![document.body, this.#lostFocus].includes(document.activeElement)) this.#lostFocus = null;
    const focusTarget = this.#lostFocus && [this.#lostFocus, ...this.controls.querySelectorAll('button, summary')].find(isUsable);
    if (!focusTarget) return;
    focusTarget.focus();
    this.#lostFocus = null;
  }
}

const isUsable = (element) => element.checkVisibility() && !element.disabled;
