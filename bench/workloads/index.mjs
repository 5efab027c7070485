/** All workloads, in the order of the report. */
import { latency } from './latency.mjs';
import { reads } from './reads.mjs';
import { recovery } from './recovery.mjs';
import { size } from './size.mjs';
import { writes } from './writes.mjs';

/**
 * @typedef {object} Group Workloads on the same stores.
 * @property {(quick: boolean, use: (fixture: unknown) => Promise<void>) => Promise<void>} prepare Makes what the workloads need, and removes it.
 * @property {Workload[]} workloads
 *
 * @typedef {object} Workload
 * @property {string} id
 * @property {string} title
 * @property {(fixture: unknown, quick: boolean) => Promise<Measurement[]>} measure
 *
 * @typedef {object} Measurement
 * @property {string} id
 * @property {string} title
 * @property {string} unit Less is better.
 * @property {Map<string, import('../measure.mjs').Figure>} figures By contender.
 * @property {boolean} [plain] Shown as it is, not as a ratio to this library.
 * @property {boolean} [hidden] Only a target needs it.
 */

/** @type {readonly Group[]} */
export const groups = [writes, reads, recovery, latency, size];
