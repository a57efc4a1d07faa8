/** How the charts are looked at, as an address can say it: which run, which x axis, which stretch, how smooth. */

export const AXES = ['epoch', 'step', 'time'];
const PANELS = ['loss', 'accuracy', 'lr', 'speed'];
const KEYS = new Set(['with', 'x', 'smooth', 'log', 'outliers', 'panel', 'zoom']);
export const MOST_COMPARED = 4; // runs: as many colours as can be told apart beside the shown run's two
export const PLAIN = { axis: 'epoch', smoothing: 0, logarithmic: false, outliers: false, panel: null };

/** `#run=…&with=…,…&x=time&smooth=0.6&log=1&outliers=1&panel=loss&zoom=1,2`; what is as usual is left out. */
export function hashOf({ shown, overlay, view, zoom }) {
  const words = new URLSearchParams();
  const say = (key, value) => value && words.set(key, value);
  say('run', shown);
  say('with', overlay.join());
  say('x', view.axis !== PLAIN.axis && view.axis);
  say('smooth', view.smoothing);
  say('log', view.logarithmic && 1);
  say('outliers', view.outliers && 1);
  say('panel', view.panel);
  say('zoom', zoom?.map((value) => Number(value.toPrecision(7))).join());
  const text = decodeURIComponent(words.toString());
  return text ? `#${text}` : '#live';
}

/** Whether an address says more than which run: a link in the list of runs leaves the view as it is. */
export const tellsView = (hash) => [...new URLSearchParams(hash.slice(1)).keys()].some((key) => KEYS.has(key));

/** The other way round; whatever an address says, what comes out is a view. */
export function viewOf(hash) {
  const words = new URLSearchParams(hash.slice(1));
  const smoothing = Number(words.get('smooth'));
  const zoom = (words.get('zoom') ?? '').split(',').map(Number);
  return {
    overlay: (words.get('with') ?? '').split(',').filter((id) => /^[\w.-]{1,80}$/.test(id)).slice(0, MOST_COMPARED),
    view: {
      axis: AXES.includes(words.get('x')) ? words.get('x') : PLAIN.axis,
      smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
      logarithmic: words.get('log') === '1',
      outliers: words.get('outliers') === '1',
      panel: PANELS.find((panel) => panel === words.get('panel')) ?? null, // the chart that is looked at alone
    },
    zoom: zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? zoom : null,
  };
}
