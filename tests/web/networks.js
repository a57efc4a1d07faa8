/** The networks of tests/test_page_network.py, with digits and what torch computes for them. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createNetwork } from '../../web/pad/network.js';
import { numbersOf, parsePlan } from '../../web/pad/plan.js';

const folder = process.env.NETWORKS ?? fileURLToPath(new URL('../fixtures/network', import.meta.url));
export const has = (name) => existsSync(`${folder}/${name}`);
export const file = (name) => readFileSync(`${folder}/${name}`);
export const bytes = (name) => new Uint8Array(file(name)).buffer;
export const floats = (name) => new Float32Array(bytes(name));
export const names = JSON.parse(file('names.json'));
const digits = new Uint8Array(bytes('digits.bin'));
export const digitAt = (place) => digits.subarray(place * 784, (place + 1) * 784);

export function opened(name) {
  const plan = parsePlan(JSON.parse(file(`${name}.json`)));
  return { plan, forward: createNetwork(plan, numbersOf(plan, bytes(`${name}.bin`))) };
}
