/** The header's controls: pause, stop and change the run that lives, or begin one. */

import { h, setText } from '../dom.js';
import { send, steer } from './asking.js';
import { createMenu } from './menu.js';
import { possible } from './state.js';

const READ_MS = 12_000; // what was done is told among the events, too

export function mount(header, store, look) {
  const said = h('p', { class: 'said', role: 'status' });
  const button = (label, onclick) => h('button', { type: 'button', onclick }, label);
  const ask = (action, value) => act(async () => (await steer(store, look, action, value)).text);
  const pause = button('Pause', () => ask(possible(store.state).isPaused ? 'continue' : 'pause'));
  const stop = button('Stop', () => ask('stop'));
  const menu = createMenu(ask);
  const resume = button('Resume', () => act(() => begin(store, look, 'resume', {})));
  const controls = h('div', { class: 'controls', role: 'group', 'aria-label': 'Controls' }, pause, stop, menu, resume);
  let isAsking = false;
  let forget = 0;

  /** One request at a time; `work` gives the sentence that tells what came of it. */
  async function act(work) {
    if (isAsking) return;
    const { activeElement } = document;
    tell('');
    busy(true);
    try {
      tell(`${sentence(await work())}.`, READ_MS);
    } catch (refusal) {
      tell(refusal.message);
    }
    busy(false);
    refocus(activeElement);
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

  /** A control that was out of use for a moment, or went away, has lost the keyboard. */
  function refocus(element) {
    if (!controls.contains(element) || ![document.body, null].includes(document.activeElement)) return;
    const inUse = [element, ...controls.querySelectorAll('button, summary')].find((one) => one.checkVisibility());
    inUse?.focus();
  }

  function draw(state) {
    const { steer: isLive, isHeeded, isPaused, resume: isResumable } = possible(state);
    for (const control of [pause, stop, menu]) control.hidden = !isLive;
    resume.hidden = !isResumable;
    controls.hidden = !isLive && !isResumable;
    setText(pause, isPaused ? 'Continue' : 'Pause');
    const isUseless = isAsking || !state.connection.ok || (isLive && !isHeeded);
    for (const one of controls.querySelectorAll('button, input')) one.disabled = isUseless;
    said.hidden = !state.control;
  }

  header.append(controls, said);
  store.on(['control', 'log', 'liveness', 'shown', 'connection'], draw);
  store.on(['token'], () => tell(''));
}

/** A run is begun; the page looks for it until it is there. */
export async function begin(store, look, path, wish) {
  await send(store.state.token, 'POST', path, wish);
  if (store.state.shown !== null) location.hash = '#live';
  look();
  return 'Started: it shows itself here as soon as it writes its log';
}

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1).replace(/\.$/, '');
