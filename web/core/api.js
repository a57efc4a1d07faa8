/** The base of all requests for runs: the page's own server, or the one that ?api=https://host/ names. */

export function apiOf(search) {
  const given = new URLSearchParams(search).get('api');
  if (!given || !/^https?:/.test(given) || !URL.canParse(given)) return '';
  const { origin, pathname } = new URL(given);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

/** Where no server answers: `published` for plain files of a static host, `report` for a file that contains its runs. */
export const SITE = globalThis.document?.documentElement.dataset.site;

export const API = SITE === 'report' ? 'report:/' : apiOf(globalThis.location?.search);

/** Whether ?demo asks for the finished run that ships with the page, instead of those in results/. */
export const DEMO = new URLSearchParams(globalThis.location?.search ?? '').has('demo');

/** The URL of the folder that holds the runs. */
export const RESULTS = `${API}${DEMO ? 'examples/demo/' : 'results/'}`;

/** Names of files: the log of a run, the list of runs, and what our server says about them. */
export const LOG = 'training_log.json';
export const RUNS = 'runs.json';
export const STATUS = 'training_status';

/** The URL of the folder of the earlier run `shown`; null: the live run. */
export const folderOf = (shown) => `${RESULTS}${shown === null ? '' : `runs/${shown}/`}`;
