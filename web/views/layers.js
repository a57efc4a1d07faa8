/** The network's layers: shapes, parameters, multiply-adds, memory. */

import { h, parts } from '../core/dom.js';
import { bytes, percent, shape, whole } from '../core/format.js';
import { head, row } from './table.js';

export function mount(element, store) {
  const table = element.querySelector('table');
  const { model: title, facts } = parts(element);
  let drawn = '';
  store.on(['log'], ({ log }) => {
    const model = log?.model;
    element.hidden = !model?.layers.length;
    const content = JSON.stringify(model);
    if (content === drawn || element.hidden) return;
    drawn = content;
    const input = model.input.length ? `input ${shape(model.input)}` : '';
    title.textContent = [model.name, input].filter(Boolean).join(' · ');
    table.replaceChildren(head(HEADINGS, isFigure), body(model), foot(model));
    facts.textContent = [trainable(model), memory(model)].filter(Boolean).join(' · ');
  });
}

const MEGABYTE = 2 ** 20; // as the log counts
const HEADINGS = ['Layer', 'Type', 'Output', 'Parameters', 'Share', 'Multiply-adds']; // for one image

const isFigure = (column) => column > 2;

function body({ layers, parameters }) {
  const total = parameters || sum(layers, 'parameters');
  return h('tbody', {}, ...layers.map((layer) => row([
    layer.name,
    h('span', { class: 'soft' }, `${layer.type} ${layer.detail.replace(/(\d)x(?=\d)/g, '$1×')}`.trim()),
    shape(layer.output),
    whole(layer.parameters || null),
    share(layer.parameters / total),
    whole(layer.macs || null),
  ], isFigure)));
}

function foot({ layers, parameters, macs }) {
  const sums = [whole(parameters ?? sum(layers, 'parameters')), '', whole(macs ?? sum(layers, 'macs'))];
  return h('tfoot', {}, row(['Total', '', '', ...sums], isFigure));
}

function share(part) {
  if (!part) return []; // no parameters, or an unknown number
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
  const [input, activations, parameters, total] = megabytes.map((size) => bytes(size * MEGABYTE));
  return `${total} for one image: input ${input}, forward/backward ${activations}, parameters ${parameters}`;
}

const sum = (layers, key) => layers.reduce((total, layer) => total + (layer[key] ?? 0), 0);
