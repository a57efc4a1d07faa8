/** Controls in the header: pause, stop and change the live run, or start one. */

import { button, h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';
import { Refusal, begin, steer } from './asking.js';
import { createMenu } from './menu.js';
import { OUTDATED, isOutdated, possible } from './state.js';

const READ_MS = 12_000; // the events list it, too

export function mount(header, store, look) {
  const said = h('p', { class: 'said', role: 'status' });
  const ask = (action, value) => act(async () => (await steer(store, look, action, value)).text);
  const pause = button('Pause', () => ask(possible(store.state).isPaused ? 'continue' : 'pause'));
  const stop = button('Stop', () => ask('stop'));
  const menu = createMenu(ask, () => store.state.log);
  const resume = button('Resume', () => act(() => begin(store, look, 'resume', {})));
  const start = button('New run', () => act(openForm));
  const controls = h('div', { class: 'controls', role: 'group', 'aria-label': 'Controls' }, pause, stop, menu, resume, start);
  let isAsking = false;
  let isLocked = false; // since the server rejects the page's token
  let forget = 0;
  let form = null;
  let lost = null; // the control that was disabled while it had the focus

  /** One request at a time; `work` resolves to a sentence about its result. */
  async function act(work) {
    if (isAsking) return;
    tell('');
    busy(true);
    try {
      const words = await work();
      if (words) tell(`${capital(words).replace(/\.$/, '')}.`, READ_MS);
    } catch (refusal) {
      tell(refusal.message);
    }
    busy(false);
  }

  /** Loaded when it is first opened; entries stay until the page is closed. */
  async function openForm() {
    const headers = { 'X-Control-Token': store.state.token };
    const description = form ? null : await fetch('options', { headers }).then((answer) => answer.json()).catch(() => null);
    if (!form && !description?.options) throw new Refusal(description?.error ?? 'The server has no options.');
    form ??= (await import('./form.js')).createForm(description, store, look, (words) => tell(`${words}.`, READ_MS));
    form.showModal();
  }

  function tell(text, readMs) {
    clearTimeout(forget);
    setText(said, text);
    if (readMs) forget = setTimeout(() => setText(said, ''), readMs);
  }

  function busy(is) {
    isAsking = is;
    draw(store.state);
  }

  /** Returns the focus to a control that was disabled, or to a neighbor, unless it has moved elsewhere. */
  function refocus() {
    if (lost && ![document.body, lost].includes(document.activeElement)) lost = null;
    const heir = lost && [lost, ...controls.querySelectorAll('button, summary')].find(isUsable);
    if (!heir) return;
    heir.focus();
    lost = null;
  }

  function draw(state) {
    const focused = controls.contains(document.activeElement) && document.activeElement;
    const { steer: isLive, isHeeded, isPaused, resume: isResumable, start: isFree } = possible(state);
    for (const control of [pause, stop, menu]) control.hidden = !isLive;
    resume.hidden = !isResumable;
    start.hidden = !isFree;
    controls.hidden = !isLive && !isResumable && !isFree;
    setText(pause, isPaused ? 'Continue' : 'Pause');
    const isUseless = isAsking || !state.connection.ok || isOutdated(state) || (isLive && !isHeeded);
    for (const one of controls.querySelectorAll('button, input')) one.disabled = isUseless;
    said.hidden = !state.control;
    if (focused && !isUsable(focused)) lost = focused;
    if (!isUseless) refocus();
  }

  header.append(controls, said);
  document.addEventListener('pointerdown', () => { lost = null; });
  store.on(['control', 'log', 'liveness', 'shown', 'connection'], draw);
  store.on(['token'], () => tell(''));
  store.on(['control', 'token'], (state) => {
    if (isOutdated(state)) tell(OUTDATED);
    else if (isLocked) tell('');
    isLocked = isOutdated(state);
  });
}

const isUsable = (element) => element.checkVisibility() && !element.disabled;
