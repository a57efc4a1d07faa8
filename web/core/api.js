/** The base of all requests for runs: the page's own server, or the one that ?api=https://host/ names. */

export function apiOf(search) {
  const given = new URLSearchParams(search).get('api');
  if (!given || !/^https?:/.test(given) || !URL.canParse(given)) return '';
  const { origin, pathname } = new URL(given);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

export const API = apiOf(globalThis.location?.search);

/** Whether ?demo asks for the finished run that ships with the page, instead of those in results/. */
export const DEMO = new URLSearchParams(globalThis.location?.search ?? '').has('demo');

/** The URL of the folder that holds the runs. */
export const RESULTS = `${API}${DEMO ? 'examples/demo/' : 'results/'}`;

/** Names of files: the log of a run, the list of runs, and what our server says about them. */
export const LOG = 'training_log.json';
export const RUNS = 'runs.json';
export const STATUS = 'training_status';

const MAX_IMAGES = 12;
const images = new Map(); // URL -> promise of a local URL

/** Sets an element's background image. The Content-Security-Policy allows style sheets no other host, so that it is fetched first. */
export async function setBackground({ style }, url) {
  if (API && !images.has(url)) cache(url, fetchImage(url));
  const address = API ? await images.get(url) : url;
  if (address) style.backgroundImage = `url("${address}")`;
}

async function fetchImage(url) {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  images.delete(url); // the next use retries
  return null;
}

async function cache(url, image) {
  images.set(url, image);
  if (images.size <= MAX_IMAGES) return;
  const [[oldest, address]] = images;
  images.delete(oldest);
  URL.revokeObjectURL(await address);
}

/** The URL of the folder of the earlier run `shown`; null: the live run. */
export const folderOf = (shown) => `${RESULTS}${shown === null ? '' : `runs/${shown}/`}`;
