/** The comparison of the shown run with the overlaid ones: differing settings, results, conclusions, curves, details. */

import { h, parts, setText } from '../core/dom.js';
import { baselineOf, compare, furtherRuns, resultsOf, sidesOf } from '../runs/comparison.js';
import { noteOn, sentenceOf, sentenceOfAnswers } from '../runs/sentences.js';
import { changed, isShownRun } from '../runs/slots.js';
import { mountCharts } from './comparison-charts.js';
import { drawDetails } from './comparison-details.js';
import { sideRows } from './comparison-sides.js';
import { suggestionsOf } from './comparison-suggestions.js';

/** @import {State, Store} from '../core/state-types.js' */

const MANY = 4; // sides: their rows get lower, and further sentences are folded
/** @type {(keyof State)[]} */
const KEYS = ['runs', 'overlay', 'shown', 'list', 'others', 'log', 'predictions', 'comparison'];

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  const { sides: list, answers, note, metric, baseline, details, charts, suggestions } = parts(element.parentElement);
  const overlay = (ids, isOn) => {
    const next = changed(store.state.overlay, ids, isOn);
    if (next) store.set({ overlay: next });
  };

  const draw = () => {
    const { state } = store;
    const sides = sidesOf(state);
    const isComparison = sides.length > 1 || sides.some(({ runs }) => runs.length > 1);
    for (const part of [list, answers, note, charts, metric.parentElement, baseline.parentElement, details.closest('section')]) part.hidden = !isComparison;
    suggestions.replaceChildren(...(isComparison ? [] : suggestionsOf(state, overlay)));
    if (!isComparison) return;
    const { fields, first } = resultsOf(sides);
    const { result, baseline: chosen } = state.comparison;
    const field = fields.find(({ key }) => key === result) ?? first;
    const base = sides.find(({ runs }) => runs.some(({ runId }) => runId === chosen)) ?? baselineOf(sides, state.overlay);
    offer(metric, fields.map(({ key, label }) => [key, label]), field?.key);
    offer(baseline, sides.map(({ runs, name }) => [runs[0].runId, name]), base.runs[0].runId);
    baseline.parentElement.hidden = sides.length < 3;
    list.replaceChildren(...sideRows(sides, field, (side) => furtherRuns(side, state), overlay));
    const sentences = field ? sides.filter((side) => side !== base).map((side) => answerOf(base, side, field, state)) : [];
    list.classList.toggle('many', sides.length > MANY);
    drawAnswers(answers, sentences);
    setText(note, noteOn(sides));
    drawDetails(details, state);
  };
  const choose = (choice) => store.set({ comparison: { ...store.state.comparison, ...choice } });
  metric.addEventListener('change', () => choose({ result: metric.value }));
  baseline.addEventListener('change', () => choose({ baseline: baseline.value }));
  mountCharts(charts, store);
  store.on(KEYS, draw);
}

/** Two single runs are compared image by image, if both have predictions of the same test images. */
function answerOf(base, side, field, state) {
  const answers = [base, side].map(({ runs }) => testOf(predictionsOf(runs[0], state)));
  const isSingle = base.runs.length === 1 && side.runs.length === 1 && field.key === 'test_accuracy';
  return (isSingle && sentenceOfAnswers(base, side, answers[0], answers[1])) || sentenceOf(base, side, field, compare(base, side, field));
}

const predictionsOf = (run, { shown, predictions, others }) => (isShownRun(run, shown) ? predictions : others.find(({ runId }) => runId === run.runId)?.predictions);
const testOf = (predictions) => predictions?.sets.findLast(({ kind }) => kind === 'test') ?? null;

function drawAnswers(list, sentences) {
  const isOpen = list.querySelector('details')?.open ?? false;
  const items = sentences.map(({ verdict, text }) => h('li', {}, h('strong', {}, `${verdict} `), text));
  const folded = items.splice(MANY - 1);
  const more = folded.length > 0 && h('li', {}, h('details', { open: isOpen }, h('summary', {}, `${folded.length} more`), h('ul', {}, ...folded)));
  list.replaceChildren(...items, ...(more ? [more] : []));
}

/** Fills a <select> with [value, text]. */
function offer(select, options, chosen) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) select.replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
  select.dataset.options = key;
  select.value = chosen ?? '';
}
