/** The presentation: one chart or digit per screen over the whole window, driven by arrows, without the rest of the page. */

import { endPresentation } from '../core/address.js';
import { want } from '../core/artifacts.js';
import { addStyle, button, h, isCommand, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { isAlive } from '../core/status.js';
import { createFullScreen } from './full-screen.js';
import { placeOf, screensOf } from './screens.js';
import { createStage } from './stage.js';

/** @import {Store} from '../core/state-types.js' */
/** @import {Screen} from './screens.js' */

/**
 * @param {Store} store
 * @param {{step: (by: number) => void, toggle: () => void}} time the scrubber
 */
export async function mount(store, time) {
  await addStyle(new URL('present.css', import.meta.url));
  const view = markup();
  const stage = createStage(view.stage, store);
  const fullScreen = createFullScreen(view.fill, () => view.dialog.close());
  let screens = /** @type {Screen[]} */ ([]);
  let place = /** @type {number | null} */ (null);
  let isEnding = false;

  const go = (to) => store.set({ present: Math.min(Math.max(0, to), screens.length - 1) + 1 });
  const turn = (by) => place !== null && go(place + by);
  const end = () => {
    if (store.state.present === null || isEnding) return;
    isEnding = true;
    endPresentation(store);
  };

  function open() {
    want(store, 'predictions');
    fullScreen.enter();
    view.dialog.showModal();
    view.dialog.focus(); // not its first button, whose ring is no part of a picture
  }

  function close() {
    isEnding = false;
    place = null;
    fullScreen.leave();
    if (view.dialog.open) view.dialog.close();
  }

  function draw() {
    const { state } = store;
    const { present, log, predictions } = state;
    if (present === null || !log) return close();
    if (!view.dialog.open && !isEnding) open();
    const before = place === null ? null : { kind: screens[place].kind, wanted: place + 1 };
    screens = screensOf(state);
    const isComplete = predictions !== null || !log.files.includes('predictions.json');
    place = placeOf(screens, present, isComplete, before);
    if (place !== null && place + 1 !== present) return go(place); // calls this again
    stage.show(place === null ? null : screens[place]);
    drawEdges(view, screens, place);
    return setText(view.run, footOf(state));
  }

  view.back.addEventListener('click', () => turn(-1));
  view.next.addEventListener('click', () => turn(1));
  view.dialog.addEventListener('close', end);
  view.dialog.addEventListener('keydown', keysOf({ turn, go, last: () => screens.length - 1, time, fullScreen }));
  document.body.append(view.dialog);
  store.on(['present', 'log', 'liveness', 'predictions', 'set', 'epoch', 'view', 'selected'], draw);
}

function markup() {
  const stage = h('div', { class: 'stage' });
  const [run, count] = [h('p', { class: 'run' }), h('p', { role: 'status' })];
  const [back, next] = [['‹', 'Previous screen', 'back'], ['›', 'Next screen', 'next']].map(([sign, label, name]) => h(
    'button', { type: 'button', class: `turn ${name}`, 'aria-label': label }, sign,
  ));
  const fill = button('Full screen');
  const dialog = h(
    'dialog', { class: 'presentation', tabindex: '-1' },
    stage, back, next, h('footer', {}, run, count, fill, button('Close', () => dialog.close())),
  );
  return { dialog, stage, run, count, back, next, fill };
}

/** The name of the screen, and which arrows lead anywhere. */
function drawEdges({ dialog, count, back, next }, screens, place) {
  const name = place === null ? 'Loading' : screens[place].name;
  dialog.ariaLabel = `Presentation: ${name}`;
  count.replaceChildren(
    h('span', { class: 'unseen' }, `${name}, screen `), place === null ? '…' : `${whole(place + 1)} of ${whole(screens.length)}`,
  );
  back.ariaDisabled = String(place === null || place === 0);
  next.ariaDisabled = String(place === null || place === screens.length - 1);
}

/** "quick · Live: epoch 3" */
function footOf({ log, liveness, epoch }) {
  const last = log.epochs.epoch.at(-1);
  const shown = epoch ?? last;
  if (shown === undefined) return log.name;
  const word = epoch !== null ? 'Epoch' : isAlive(liveness) ? 'Live: epoch' : 'Latest: epoch';
  return `${log.name} · ${word} ${whole(shown)}`;
}

function keysOf({ turn, go, last, time, fullScreen }) {
  /** @type {Object<string, () => void>} */
  const actions = {
    ArrowLeft: () => turn(-1),
    ArrowUp: () => turn(-1),
    PageUp: () => turn(-1),
    ArrowRight: () => turn(1),
    ArrowDown: () => turn(1),
    PageDown: () => turn(1),
    ' ': () => turn(1),
    Home: () => go(0),
    End: () => go(last()),
    f: fullScreen.toggle,
    ',': () => time.step(-1),
    '.': () => time.step(1),
    p: time.toggle,
  };
  return (event) => {
    const { key, target, defaultPrevented } = event;
    if (!actions[key] || isCommand(event) || defaultPrevented) return;
    if (key === ' ' && target.closest('button')) return; // presses it
    event.preventDefault();
    actions[key]();
  };
}
