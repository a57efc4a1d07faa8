/** The header's controls: pause, stop and change the run that lives, or begin one. */

import { button, h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';
import { Refusal, begin, steer } from './asking.js';
import { createMenu } from './menu.js';
import { OUTDATED, isOutdated, possible } from './state.js';

const READ_MS = 12_000; // what was done is told among the events, too

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
  let isLocked = false; // since the server doesn't know the page's token
  let forget = 0;
  let form = null;
  let lost = null; // the control that went out of use while it had the keyboard

  /** One request at a time; `work` gives the sentence that tells what came of it. */
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

  /** Read when it is opened first; what was entered stays until the page is left. */
  async function openForm() {
    const headers = { 'X-Control-Token': store.state.token };
    const description = form ? null : await fetch('options', { headers }).then((answer) => answer.json()).catch(() => null);
    if (!form && !description?.options) throw new Refusal(description?.error ?? 'The server does not tell its options.');
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

  /** What went out of use gets the keyboard back, or else a neighbour; unless a person went elsewhere. */
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
