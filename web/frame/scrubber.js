/** The scrubber: the epoch and the set of images that charts, matrix, gallery, digits, filters and pad show. */

import { parts, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { isAlive } from '../core/status.js';
import { epochAt, placeIn, replayed } from '../core/timeline.js';

/** @import {State, Store} from '../core/state-types.js' */

const REPLAY_S = 20;
const DRIVEN = ['overview', 'mistakes', 'try', 'network']; // views

/** @param {Store} store */
export function mount(element, store) {
  const controls = parts(element);
  const { slider, play, back, next } = controls;
  const sets = element.querySelectorAll('[data-set]');
  const epochs = () => store.state.log?.epochs.epoch ?? [];
  const go = (place) => store.set({ epoch: epochAt(epochs(), Math.min(Math.max(0, place), epochs().length - 1)) });
  const step = (by) => go(placeIn(epochs(), store.state.epoch) + by);
  const replay = createReplay((elapsed) => {
    const place = replayed(epochs(), elapsed, REPLAY_S);
    go(place);
    return place < epochs().length - 1;
  }, (isPlaying) => {
    setText(play, isPlaying ? '❚❚' : '▶');
    play.ariaLabel = isPlaying ? 'Stop the replay' : `Replay the run in ${REPLAY_S} s`;
  });

  slider.addEventListener('input', () => {
    replay.stop();
    go(slider.valueAsNumber);
  });
  play.addEventListener('click', replay.toggle);
  back.addEventListener('click', () => step(-1));
  next.addEventListener('click', () => step(1));
  for (const button of sets) button.addEventListener('click', () => store.set({ set: button.dataset.set }));
  store.on(['shown'], replay.stop);
  store.on(['log', 'liveness', 'epoch', 'set', 'page'], (state) => {
    element.hidden = !state.log || !DRIVEN.includes(state.page);
    if (!element.hidden) draw(controls, sets, state);
  });
  return { step, toggle: replay.toggle };
}

/**
 * @param {Object<string, any>} controls
 * @param {any} sets buttons
 * @param {State} state
 */
function draw(controls, sets, state) {
  const { slider, which, play, back, next } = controls;
  const { log, liveness, epoch, set } = state;
  const epochs = log?.epochs.epoch ?? [];
  const place = placeIn(epochs, epoch);
  slider.max = Math.max(1, epochs.length - 1);
  slider.value = epochs.length < 2 ? 1 : place;
  slider.disabled = epochs.length < 2;
  play.disabled = epochs.length < 2;
  back.disabled = place <= 0;
  next.disabled = place >= epochs.length - 1;
  const text = textOf(epochs, place, isAlive(liveness));
  setText(which, text);
  slider.ariaValueText = text;
  for (const button of sets) button.ariaPressed = button.dataset.set === set;
}

function textOf(epochs, place, isLive) {
  if (!epochs.length) return 'No epoch yet';
  if (place < epochs.length - 1) return `Epoch ${whole(epochs[place])} of ${whole(epochs[epochs.length - 1])}`;
  return `${isLive ? 'Live' : 'Latest'}: epoch ${whole(epochs[place])}`;
}

/** Calls `show(elapsed seconds)` in every frame until that returns false; `changed(isPlaying)` when it begins and ends. */
function createReplay(show, changed) {
  let frame = 0;
  const stop = () => {
    if (frame) cancelAnimationFrame(frame);
    frame = 0;
    changed(false);
  };
  const begin = () => {
    const start = performance.now();
    const tick = (now) => {
      if (show((now - start) / 1000)) frame = requestAnimationFrame(tick);
      else stop();
    };
    frame = requestAnimationFrame(tick);
    changed(true);
  };
  return { stop, toggle: () => (frame ? stop() : begin()) };
}
