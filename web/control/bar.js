/** Controls in the header: pause, stop and change the live run, or start one. */

import { button, h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';
import { Refusal, authorization, begin, messageOf, sendCommand } from './requests.js';
import { createMenu } from './actions-menu.js';
import { OUTDATED, isOutdated, possible } from './state.js';

/** @import {Store} from '../core/store.js' */

const READ_MS = 12_000; // the events list it, too

/** @param {Store} store */
export function mount(header, store, poll) {
  const bar = new Bar(store, poll);
  header.append(bar.controls, bar.message);
  document.addEventListener('pointerdown', () => bar.forgetFocus());
  store.on(['control', 'log', 'liveness', 'shown', 'connection'], () => bar.draw());
  store.on(['token'], () => bar.tell(''));
  let isLocked = false; // since the server rejects the page's token
  store.on(['control', 'token'], (state) => {
    if (isOutdated(state)) bar.tell(OUTDATED);
    else if (isLocked) bar.tell('');
    isLocked = isOutdated(state);
  });
}

class Bar {
  message = h('p', { class: 'said', role: 'status' });
  #store;
  #poll;
  #pause = button('Pause', () => this.#ask(possible(this.#store.state).isPaused ? 'continue' : 'pause'));
  #stop = button('Stop', () => this.#ask('stop'));
  #menu = createMenu((action, value) => this.#ask(action, value), () => this.#store.state.log);
  #resume = button('Resume', () => this.#act(() => begin(this.#store, this.#poll, 'resume', {})));
  #start = button('New run', () => this.#act(() => this.#openForm()));
  controls = h(
    'div', { class: 'controls', role: 'group', 'aria-label': 'Controls' },
    this.#pause, this.#stop, this.#menu, this.#resume, this.#start,
  );
  #isAsking = false;
  #timer = 0; // until the message disappears
  /** @type {any} */
  #form = null;
  /** @type {any} */
  #lostFocus = null; // the control that was disabled while it had the focus

  constructor(store, poll) {
    this.#store = store;
    this.#poll = poll;
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
      if (sentence) this.tell(`${capital(sentence).replace(/\.$/, '')}.`, READ_MS);
    } catch (error) {
      this.tell(messageOf(error));
    }
    this.#setAsking(false);
  }

  /** Loaded when it is first opened; entries stay until the page is closed. */
  async #openForm() {
    this.#form ??= await this.#loadForm();
    this.#form.showModal();
  }

  async #loadForm() {
    const headers = authorization(this.#store.state.token);
    const options = await fetch('options', { headers }).then((answer) => answer.json()).catch(() => null);
    if (!options?.options) throw new Refusal(options?.error ?? 'The server has no options.');
    const { createForm } = await import('./form.js');
    return createForm(options, this.#store, this.#poll, (sentence) => this.tell(`${sentence}.`, READ_MS));
  }

  tell(text, readMs = 0) {
    clearTimeout(this.#timer);
    setText(this.message, text);
    if (readMs) this.#timer = setTimeout(() => setText(this.message, ''), readMs);
  }

  #setAsking(isAsking) {
    this.#isAsking = isAsking;
    this.draw();
  }

  draw() {
    const { state } = this.#store;
    const focused = this.controls.contains(document.activeElement) && document.activeElement;
    const { isLive, acceptsCommands, isPaused, resume: isResumable, start: isFree } = possible(state);
    for (const control of [this.#pause, this.#stop, this.#menu]) control.hidden = !isLive;
    this.#resume.hidden = !isResumable;
    this.#start.hidden = !isFree;
    this.controls.hidden = !isLive && !isResumable && !isFree;
    setText(this.#pause, isPaused ? 'Continue' : 'Pause');
    const isDisabled = this.#isAsking || !state.connection.ok || isOutdated(state) || (isLive && !acceptsCommands);
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
