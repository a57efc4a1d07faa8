/** The report: two pages with the numbers, curves, confusion matrix, mistakes and changed settings of a run. */

import { figure } from '../charts/figure.js';
import { COLORS } from '../charts/line-styles.js';
import * as readout from '../charts/readout.js';
import { draw } from '../charts/draw.js';
import { plotOf } from '../charts/plot.js';
import { svgContext } from '../charts/svg.js';
import { h } from '../core/dom.js';
import { labelOf, settingText } from '../core/field-labels.js';
import { date, whole } from '../core/format.js';
import { describe } from '../core/status.js';
import { colorsIn } from '../core/theme.js';
import { answersAt } from '../core/timeline.js';
import { card } from '../views/card.js';
import { firstMistakes, summaryOf } from '../views/confusion.js';
import { historyOf } from '../views/error-history.js';
import * as happening from '../views/happening.js';
import { MEASURES, byLooks } from '../views/learning.js';
import { matrixOf } from '../views/matrix.js';
import { answerOf, imageOf } from '../views/mistakes.js';
import * as numbers from '../views/numbers.js';
import { changedSettings } from './changed-settings.js';

/** @import {State, Store} from '../core/state-types.js' */

const WIDTH = 700; // of a chart: that of the paper, so that its type is as large as the text
const HEIGHT = 244;
const BELOW_LEGEND = 200; // height of a chart of several runs
const MOST_SETTINGS = 39; // that fit below matrix and mistakes

/**
 * `draw(options)` fills the element, which stands in the page; `options`: the server's, with the defaults of the
 * settings, or null.
 * @param {Store} store
 */
export function createReport(store) {
  const [heading, charts, second] = [h('header'), h('div'), h('section', { class: 'sheet' })];
  const [figures, sentences] = [h('dl', { class: 'figures' }), h('div', { class: 'sentences' }, h('div', { 'data-part': 'sentences' }))];
  const element = h('article', { id: 'report' }, h('section', { class: 'sheet' }, heading, figures, sentences, charts), second);
  let isFilled = false;
  return {
    element,
    draw(options) {
      const { state } = store;
      if (!isFilled) {
        numbers.mount(figures, store);
        happening.mount(sentences, store);
        isFilled = true;
      }
      heading.replaceChildren(...headingOf(state));
      charts.replaceChildren(...MEASURES.filter(({ lines }) => lines.length > 1).map((measure) => chartOf(byLooks(measure)(state.view), state, element)));
      second.replaceChildren(h('p', { class: 'soft' }, state.log?.name ?? ''), ...answersOf(state), ...settingsOf(state, options));
    },
  };
}

/** Name, status, and when. */
function headingOf(state) {
  const { log, epoch } = state;
  const { word, detail } = describe(state);
  const started = log.startedAt === null ? '' : `Started ${date(log.startedAt)}`;
  const shown = epoch === null ? '' : `Shown after epoch ${whole(epoch)}`;
  const facts = [[word, detail].filter(Boolean).join(' '), started, `Printed ${date(Date.now())}`, shown, log.runId && `Run ${log.runId}`];
  return [h('h1', {}, log.name), h('p', { class: 'soft' }, facts.filter(Boolean).join(' · '))];
}

/** A chart as vector graphics, over the whole run. */
function chartOf(measure, state, root) {
  const { curves, view } = state;
  const frame = figure(measure);
  readout.update(frame, state, measure);
  const size = { width: WIDTH, height: curves.others.length ? BELOW_LEGEND : HEIGHT };
  const context = svgContext(size.width, size.height, `report-${measure.key}-`);
  const plot = plotOf(curves, measure, null, size, view);
  readout.note(frame, plot, measure);
  draw(context, plot, { colors: colorsIn(root, COLORS), curves, measure });
  const { documentElement: svg } = new DOMParser().parseFromString(context.toString(), 'image/svg+xml');
  frame.querySelector('canvas').replaceWith(document.importNode(svg, true));
  return frame;
}

/** Confusion matrix and mistakes. */
function answersOf(state) {
  const { log, predictions, set: kind, epoch } = state;
  const { set, note } = answersAt(predictions?.sets ?? [], kind, epoch);
  if (!set) return log.files.includes('predictions.json') ? [h('p', {}, 'The confusion matrix and the mistakes are not loaded yet: print again.')] : [];
  const images = firstMistakes(set, null);
  const history = historyOf(predictions.sets.filter((one) => one.kind === set.kind));
  const soft = (text) => h('span', { class: 'soft' }, text);
  return [
    h('h2', {}, 'Confusion matrix ', soft(`${summaryOf(set)} ${note}`)),
    h('div', { class: 'confusion' }, h('table', {}, ...matrixOf(set, history, null))),
    h('h2', {}, 'Mistakes ', soft(images.length ? `the ${whole(images.length)} with the highest confidence` : 'none')),
    h('ol', { class: 'digits' }, ...images.map((index) => card(answerOf(set, index), imageOf(set, index, state)))),
  ];
}

function settingsOf({ log }, options) {
  const { isChanged, entries: all } = changedSettings(log, options);
  const shown = all.slice(0, MOST_SETTINGS);
  const title = isChanged ? 'Changed settings ' : 'Settings ';
  const kind = isChanged && (shown.length ? 'different from the defaults' : 'none');
  const more = all.length > shown.length && `and ${whole(all.length - shown.length)} more`;
  const remark = [kind, more].filter(Boolean).join(', ');
  const entries = shown.map(([name, value]) => h('div', {}, h('dt', {}, labelOf(name)), h('dd', {}, settingText(name, value))));
  return [h('h2', {}, title, h('span', { class: 'soft' }, remark)), h('dl', { class: 'settings' }, ...entries)];
}
