/** The network as it was after an earlier epoch. */

import { insteadOf, keptAt } from '../core/timeline.js';
import { createNetwork } from './network.js';
import { planAt } from './plan.js';

/** @import {Network} from './loader.js' */

/**
 * The network of the chosen epoch, or of the last one before it that was kept, and a sentence about that; the latest
 * network where the chosen epoch is null, the latest, or earlier than any that was kept.
 * @param {Network} network
 * @param {number | null} epoch
 * @returns {Promise<{network: Network, note: string}>}
 */
export async function networkAt(network, epoch) {
  const { plan } = network;
  if (epoch === null || epoch === plan.epoch) return { network, note: '' };
  const kept = keptAt(plan.epochs.map((one) => ({ epoch: one })), epoch)?.epoch ?? null;
  const weights = kept === null ? undefined : (await network.epochs().catch(() => null))?.get(kept);
  const note = insteadOf('Weights', epoch, weights ? kept : null);
  if (!weights || kept === plan.epoch) return { network, note };
  const [then, numbers] = [planAt(plan, /** @type {number} */ (kept)), weights()];
  return { network: { ...network, plan: then, numbers, forward: createNetwork(then, numbers) }, note };
}
