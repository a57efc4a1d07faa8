/** A worker that computes a network for many images, one message for each, so that the page stays responsive. */

import { createNetwork } from '../pad/network.js';

self.addEventListener('message', ({ data: { plan, numbers, images } }) => {
  const forward = createNetwork(plan, numbers);
  for (const pixels of images) self.postMessage(forward(pixels).logits);
});
