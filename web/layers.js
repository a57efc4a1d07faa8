/** The network's layers: shapes, parameters, multiply-adds, memory. A run that tells of no layers has no such section. */

import { h, parts } from './dom.js';
import { percent, shape, whole } from './format.js';

export function mount(element, store) {
  const table = element.querySelector('table');
  const { model: title, facts } = parts(element);
  let drawn = null;
  store.on(['log'], ({ log }) => {
    const model = log?.model;
    element.hidden = !model?.layers.length;
    const news = JSON.stringify(model);
    if (news === drawn || element.hidden) return;
    drawn = news;
    const input = model.input.length ? `input ${shape(model.input)}` : '';
    title.textContent = [model.name, input].filter(Boolean).join(' · ');
    table.replaceChildren(head(), body(model), foot(model));
    facts.textContent = [trainable(model), memory(model)].filter(Boolean).join(' · ');
  });
}

const HEADINGS = ['Layer', 'Type', 'Output', 'Parameters', 'Share', 'Multiply-adds'];

function head() {
  const cells = HEADINGS.map((name, column) => h('th', { scope: 'col', class: column > 2 ? 'figure' : null }, name));
  return h('thead', {}, h('tr', {}, ...cells));
}

function body({ layers, parameters }) {
  const total = parameters || sum(layers, 'parameters');
  return h('tbody', {}, ...layers.map((layer) => h(
    'tr',
    {},
    h('th', { scope: 'row' }, layer.name),
    h('td', { class: 'soft' }, `${layer.type} ${layer.detail.replace(/(\d)x(?=\d)/g, '$1×')}`.trim()),
    h('td', {}, shape(layer.output)),
    figure(whole(layer.parameters || null)),
    figure(...share(layer.parameters / total)),
    figure(whole(layer.macs || null)),
  )));
}

function foot({ layers, parameters, macs }) {
  return h('tfoot', {}, h(
    'tr',
    {},
    h('th', { scope: 'row', colspan: 3 }, 'Total, for one image'),
    figure(whole(parameters ?? sum(layers, 'parameters'))),
    h('td'),
    figure(whole(macs ?? sum(layers, 'macs'))),
  ));
}

const figure = (...content) => h('td', { class: 'figure' }, ...content);

function share(part) {
  if (!part) return []; // no parameters, or no number of them
  const bar = h('span', { class: 'share' });
  bar.style.setProperty('--part', part);
  return [bar, h('span', {}, part < 0.001 ? '< 0.1\u00a0%' : percent(part, 1))];
}

function trainable({ parameters, trainable: some }) {
  if (some === null) return '';
  return `${some === parameters ? 'All' : `${whole(some)} of the`} parameters trainable`;
}

function memory({ megabytes }) {
  if (!megabytes) return '';
  const [input, activations, parameters, total] = megabytes.map((size) => size.toFixed(3));
  const parts = `input ${input}, forward/backward ${activations}, parameters\u00a0${parameters}`;
  return `${total}\u00a0MB for one image: ${parts}`;
}

const sum = (layers, key) => layers.reduce((total, layer) => total + (layer[key] ?? 0), 0);
