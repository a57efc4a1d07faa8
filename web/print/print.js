/** Printing: on paper a report of two pages takes the place of the page, whichever view is open. */

import { parseOptions } from '../control/defaults.js';
import { API, SITE } from '../core/api.js';
import { setBackground } from '../core/background.js';
import { parsePredictions } from '../core/artifact-parsers.js';
import { want } from '../core/artifacts.js';
import { addStyle, h } from '../core/dom.js';
import { ask } from '../core/reader.js';
import { answersAt } from '../core/timeline.js';
import { mosaicOf } from '../views/mistakes.js';
import { createReport } from './report.js';

/** @import {Store} from '../core/state-types.js' */

const PREDICTIONS = 'predictions.json';
const OPTIONS = `${API}options`;
const PATIENCE_MS = 20_000; // for the files of the report; then it is printed without them
const QUICK_MS = 300; // a longer preparation is announced

/** @type {{prepare: () => Promise<void>, isPrepared: boolean} | null} */
let printing = null;

/** Loads the missing files of the report, then opens the browser's print dialog. */
export async function print(store) {
  const started = follow(store);
  const note = h('p', { class: 'said', role: 'status' }, 'Preparing the report …');
  const timer = setTimeout(() => document.body.append(note), QUICK_MS);
  if (store.state.log) await started.prepare();
  clearTimeout(timer);
  note.remove();
  started.isPrepared = true;
  window.print();
  started.isPrepared = false;
}

/**
 * Puts the report on the page while it is printed, made of the files read by then; the others are read for the next time.
 * @param {Store} store
 */
export function follow(store) {
  if (printing) return printing;
  const styled = Promise.all(['report.css', '../views/mistakes.css'].map((file) => addStyle(new URL(file, import.meta.url))));
  const report = createReport(store);
  let options = null;

  function show() {
    const { log, connection } = store.state;
    if (!log) return;
    if (!printing?.isPrepared && SITE !== 'report' && connection.ok && !connection.isSlow) {
      readPredictions(store);
      if (connection.kind === 'digits') options ??= readNow(OPTIONS, parseOptions);
    }
    if (!report.element.isConnected) document.body.append(report.element);
    report.draw(options);
  }

  async function prepare() {
    if (store.state.connection.kind === 'digits') options ??= await readOptions();
    const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
    await Promise.race([Promise.all([styled, readPictures(store)]), patience]);
    if (report.element.isConnected) show();
  }

  const remove = () => report.element.remove();
  window.addEventListener('beforeprint', () => {
    show();
    prepare();
  });
  window.addEventListener('afterprint', remove);
  matchMedia('print').addEventListener('change', ({ matches }) => (matches ? show() : remove()));
  printing = { prepare, isPrepared: false };
  if (SITE === 'report') prepare(); // its files can't be read at once, and are here already
  return printing;
}

const readOptions = () => ask(OPTIONS).then(({ ok, text }) => (ok ? parseOptions(JSON.parse(text)) : null)).catch(() => null);

/** The predictions, if they were not read yet. */
function readPredictions(store) {
  const { log, folder, predictions } = store.state;
  if (predictions || !log.files.includes(PREDICTIONS)) return;
  const read = readNow(`${folder}${PREDICTIONS}`, parsePredictions);
  if (read) store.set({ predictions: { ...read, folder } });
}

/** A parsed file, read at once: a browser that prints does not wait. Null where that fails. */
function readNow(url, parse) {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  try {
    request.send();
    return request.status === 200 ? parse(JSON.parse(request.responseText)) : null;
  } catch {
    return null;
  }
}

/** The predictions, and the mosaic of their images. */
async function readPictures(store) {
  if (!store.state.log?.files.includes(PREDICTIONS)) return;
  want(store, 'predictions');
  await until(store, ['predictions', 'log'], ({ predictions }) => predictions !== null);
  const { state } = store;
  const { set } = answersAt(state.predictions?.sets ?? [], state.set, state.epoch);
  const url = set && mosaicOf(set.kind, state);
  if (!url) return;
  const probe = h('i');
  await setBackground(probe, url);
  const image = new Image();
  image.src = probe.style.backgroundImage.slice(5, -2); // url("…")
  await image.decode().catch(() => {}); // without it the report has the predictions only
}

/** Waits for a state. */
function until(store, keys, condition) {
  return new Promise((resolve) => {
    store.on(keys, (state) => { if (condition(state)) resolve(undefined); });
  });
}
