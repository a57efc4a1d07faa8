/** Mistakes: a confusion matrix for each epoch, and the images behind every number. */

import { setBackground } from '../core/api.js';
import { confusion, inCell, rates, rightOnes, worst } from './answers.js';
import { card } from './card.js';
import { h, parts, setText } from '../core/dom.js';
import { counted, percent, whole } from '../core/format.js';
import { whenSeen } from '../core/visibility.js';

const AT_ONCE = 60; // images
const PER_ROW = 100; // in a mosaic

export function mount(element, store) {
  const { slider, test, which, count, title, more } = parts(element);
  const [table, list] = [element.querySelector('table'), element.querySelector('ol')];
  const picks = element.querySelectorAll('[data-pick]');
  let chosen = null; // the answer set's kind and epoch; null for the latest
  let pick = 'mistakes'; // or doubts, or a cell {label, said}
  let shown = AT_ONCE;
  let drawn = [];
  let runId = null;
  let isGallerySeen = false; // its pictures are megabytes

  const sets = () => store.state.predictions?.sets ?? [];
  const current = () => sets().find((set) => set.kind === chosen?.kind && set.epoch === chosen.epoch) ?? sets().at(-1);

  store.on(['predictions', 'log'], ({ log }) => {
    if (runId !== log?.runId) [chosen, pick, shown] = [null, 'mistakes', AT_ONCE];
    runId = log?.runId;
    draw();
  });
  slider.addEventListener('input', () => choose(sets()[slider.value]));
  test.addEventListener('click', () => choose(sets().at(-1)));
  for (const button of picks) button.addEventListener('click', () => look(button.dataset.pick));
  whenSeen(list, () => {
    isGallerySeen = true;
    if (drawn.length) drawGallery(drawn[0]);
  });
  more.addEventListener('click', () => {
    shown += AT_ONCE;
    draw();
  });

  function choose(set) {
    chosen = set === sets().at(-1) ? null : set;
    draw();
  }

  function look(at) {
    pick = at;
    shown = AT_ONCE;
    draw();
  }

  function draw() {
    const set = current();
    if (!set) return;
    const wanted = [set, pick, shown];
    if (wanted.every((value, index) => value === drawn[index])) return;
    if (set !== drawn[0]) drawMatrix(set);
    drawn = wanted;
    drawChoice(set);
    mark();
    drawGallery(set);
  }

  function drawChoice(set) {
    const isTest = set.kind === 'test';
    slider.max = sets().length - 1;
    slider.value = sets().indexOf(set);
    slider.disabled = sets().length < 2;
    const text = isTest ? 'The test set' : `Validation after epoch ${whole(set.epoch)}`;
    setText(which, text);
    slider.ariaValueText = text;
    test.hidden = sets().at(-1).kind !== 'test';
    test.ariaPressed = isTest;
    const wrong = inCell(set, null).length;
    setText(count, `${counted(wrong, 'mistake')} in ${counted(set.labels.length, 'image')}`);
  }

  function drawMatrix(set) {
    const counts = confusion(set);
    const [facts, most] = [rates(counts), worst(counts)];
    const digits = [...counts.keys()];
    const cell = (label, said) => {
      const images = counts[label][said];
      const diagonal = label === said;
      const share = diagonal ? (facts[label].recall ?? 0) ** 8 : images / Math.max(1, most);
      const words = diagonal ? `${label} classified correctly` : `${label} read as ${said}`;
      const button = h('button', {
        'aria-label': `${words}: ${counted(images, 'image')}`, 'data-cell': `${label}${said}`, onclick: () => look({ label, said }),
      }, whole(images));
      const td = h('td', { class: diagonal ? 'diagonal' : null, 'data-print': images ? whole(images) : null }, images ? button : '·');
      td.style.setProperty('--share', share);
      return td;
    };
    const rate = (value) => h('td', { class: 'edge' }, percent(value, 1));
    table.replaceChildren(
      h('caption', {}, 'Rows: what it is. Columns: what it was read as.', h('span', { class: 'screen' }, ' Choose a number to see those images.')),
      h('thead', {}, h(
        'tr', {}, h('td', { class: 'edge' }), ...digits.map((digit) => h('th', { scope: 'col' }, digit)),
        h('th', { scope: 'col', class: 'edge', title: 'fraction of the images of this digit that are classified correctly' }, 'recall'),
      )),
      h('tbody', {}, ...digits.map((label) => h(
        'tr', {}, h('th', { scope: 'row' }, label), ...digits.map((said) => cell(label, said)),
        rate(facts[label].recall),
      ))),
      h('tfoot', {}, h(
        'tr', {}, h('th', { scope: 'row', class: 'edge', title: 'of what was read as this digit, the part that is it' }, 'precision'),
        ...digits.map((digit) => rate(facts[digit].precision)), h('td', { class: 'edge' }),
      )),
    );
  }

  function mark() {
    for (const button of picks) button.ariaPressed = button.dataset.pick === pick;
    for (const button of table.querySelectorAll('button')) button.ariaPressed = button.dataset.cell === `${pick.label}${pick.said}`;
  }

  function drawGallery(set) {
    const [images, heading] = gallery(set, pick);
    setText(title, heading);
    list.replaceChildren(...images.slice(0, shown).map((index) => card(answerOf(set, index), crop(set, index, isGallerySeen ? store.state : {}))));
    more.hidden = images.length <= shown;
    setText(more, `Show ${whole(Math.min(AT_ONCE, images.length - shown))} more of ${whole(images.length)}`);
  }
}

/** The images to show, and what they are. */
function gallery(set, pick) {
  if (pick === 'doubts') return [rightOnes(set), 'Read rightly, the least certain first'];
  if (pick === 'mistakes') return [inCell(set, null), 'Mistakes, the most confident first'];
  const images = inCell(set, pick);
  const { label, said } = pick;
  const [what, order] = label === said ? ['rightly', 'least certain'] : [`as ${said}`, 'most confident'];
  return [images, `${label} read ${what}: ${counted(images.length, 'image')}, the ${order} first`];
}

function answerOf({ kind, labels, predictions, isCalibrated, confidences, probabilities }, index) {
  return {
    kind: kind === 'test' ? 'Test' : 'Validation',
    index,
    label: labels[index],
    prediction: predictions[index],
    sure: confidences[index],
    isCalibrated,
    probabilities: probabilities.get(index) ?? [],
  };
}

/** One image of the mosaic, which holds all of them. */
function crop({ kind }, index, { predictions, log }) {
  const picture = h('span', { class: 'crop', 'aria-hidden': 'true' });
  const file = `${kind}.png`; // as in the next live run
  if (log?.files.includes(file)) setBackground(picture, `${predictions.folder}${file}?run=${log.runId}`);
  picture.style.setProperty('--column', index % PER_ROW);
  picture.style.setProperty('--line-of', Math.floor(index / PER_ROW));
  return picture;
}
