/** The header: name, status and progress of the run, always in view. */

import { icon, parts, setText } from '../core/dom.js';
import { capital, counted, duration, percent, whole } from '../core/format.js';
import { describe, doneOf, secondsOf } from '../core/status.js';

export function mount(bar, store) {
  const { status, word, name, detail, progress, figures } = parts(bar);
  store.on(['token'], ({ token }) => bar.classList.toggle('controlled', Boolean(token))); // the place of the controls
  store.on(['log', 'liveness', 'connection', 'loaded'], (state) => {
    const { isSlow, loading } = state.connection;
    if (!state.loaded && !state.log && !isSlow && !loading.length) return;
    const { log } = state;
    const description = describe(state);
    const { kind } = description;
    if (status.dataset.kind !== kind) {
      status.dataset.kind = kind;
      status.querySelector('svg')?.remove();
      status.prepend(icon(kind));
    }
    setText(word, description.word);
    setText(name, log?.name ?? '');
    setText(detail, description.detail);
    detail.classList.remove('late');
    const done = log && doneOf(log);
    progress.hidden = done === null;
    if (done !== null) progress.value = done;
    setText(figures, log ? figuresOf(log, kind) : '');
    document.title = titleOf(log, kind, description.word, done);
  });
}

/** "Epoch 3 of 10 · 1 min 12 s left · batch 120 of 430 · 3,240 images/s", of which the first that fit are seen; while paused without throughput and time left. */
function figuresOf(log, kind) {
  const running = kind === 'running';
  const isUnderWay = running || kind === 'paused';
  const { progress, epochs } = log;
  const { epoch, batch, batches, imagesPerSecond, secondsLeft } = progress;
  const of = (total) => (total ? ` of ${whole(total)}` : '');
  const figures = [];
  if (epoch) figures.push(`epoch ${whole(epoch)}${of(progress.epochs)}`);
  if (running && secondsLeft !== null) figures.push(`${duration(secondsLeft, false)} left`);
  if (isUnderWay && batch) figures.push(`batch ${whole(batch)}${of(batches)}`);
  if (!isUnderWay && epochs.epoch.length) figures.push(`${counted(progress.step ?? 0, 'step')}`);
  if (!isUnderWay && secondsOf(log)) figures.push(`took ${duration(secondsOf(log))}`);
  if (running && imagesPerSecond !== null) figures.push(`${whole(imagesPerSecond)} images/s`);
  return capital(figures.map((one) => one.replaceAll(' ', '\u00a0')).join(' ·\u00a0')); // wraps between two of them
}

function titleOf(log, kind, word, done) {
  if (!log) return kind === 'disconnected' ? `${word} · MNIST CNN` : 'MNIST CNN';
  return `${kind === 'running' && done !== null ? percent(Math.min(done, 0.99), 0) : word} · ${log.name}`;
}

/** The button that asks a server again that did not answer. */
export function mountRetry(button, store, poll) {
  button.addEventListener('click', poll);
  store.on(['connection'], ({ connection }) => { button.hidden = connection.ok; });
}
