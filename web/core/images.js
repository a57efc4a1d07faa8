/** Names of images, such as "test-17": the set and the place in it. */

import { capital, whole } from './format.js';

/** @import {Store} from './state-types.js' */
/** @typedef {{set: string, index: number}} Image of the set validation, test or training */

export const nameOf = (set, index) => `${set}-${index}`;

/** @returns {Image} */
export function imageOf(name) {
  const [set, index] = name.split('-');
  return { set, index: Number(index) };
}

/** "Test image 1,234" */
export function titleOf(name) {
  const { set, index } = imageOf(name);
  return `${capital(set)} image ${whole(index)}`;
}

/**
 * Opens an image in the drawer; `listed` are the images that previous and next go through.
 * @param {Store} store
 */
export function openImage(store, name, listed) {
  store.set({ selected: { ...store.state.selected, image: name }, listed });
}

/** Closes the drawer. */
export const closeImage = (store) => store.set({ selected: { ...store.state.selected, image: null } });
