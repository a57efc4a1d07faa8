/** Computation of a network beside the page. */

/** @import {Network} from '../pad/loader.js' */

/**
 * Calls `take(logits, place)` for each image, in order. Resolves to whether all were computed: not after `signal`, which
 * stops the computation, nor where the browser refuses a worker.
 * @param {Pick<Network, 'plan' | 'numbers'>} network
 * @param {ArrayLike<number>[]} images
 * @param {AbortSignal} signal
 * @param {(logits: Float32Array, place: number) => void} take
 * @returns {Promise<boolean>}
 */
export function compute({ plan, numbers }, images, signal, take) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    let place = 0;
    const end = (isDone) => {
      worker.terminate();
      resolve(isDone);
    };
    signal.addEventListener('abort', () => end(false), { once: true });
    worker.addEventListener('error', () => end(false));
    worker.addEventListener('message', ({ data }) => {
      if (signal.aborted) return;
      take(data, place);
      place += 1;
      if (place === images.length) end(true);
    });
    worker.postMessage({ plan, numbers, images });
  });
}
