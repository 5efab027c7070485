/** Everybody who takes part, and what a contender has to offer. */
import { betterSqlite3, betterSqlite3Transactions } from './better-sqlite3.mjs';
import { classicLevel } from './classic-level.mjs';
import { keyv } from './keyv.mjs';
import { library } from './library.mjs';
import { lmdb } from './lmdb.mjs';
import { rawDriver } from './raw-driver.mjs';

/**
 * @typedef {import('../data.mjs').Entry} Entry
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {boolean} [writesOnly] Reads as another contender does, so only its writes are measured.
 * @property {boolean} [synchronous] Its puts do their work before they return, and the event loop waits.
 * @property {(directory: string, durable: boolean, actors: number) => Promise<Store>} open Makes a store in an empty directory.
 *
 * @typedef {object} Store What a contender cannot do is missing. Each method does its work the fastest way that the contender documents.
 * @property {(entries: Entry[]) => unknown} load Fills the store; not measured.
 * @property {(entry: Entry) => unknown} [put] One put; the promise, if any, settles after its commit.
 * @property {(entries: Entry[], inFlight: number) => unknown} putAll By so many callers, each of which awaits a put before its next; where puts are synchronous, one after the other, or in transactions of as many, at most 256.
 * @property {(event: Entry) => unknown} [putWithSnapshot] The event, and its value as the actor's snapshot, in one atomic batch.
 * @property {(event: Entry) => unknown} [get] The value at the entry's key.
 * @property {(events: Entry[], inFlight: number) => unknown} [getAll] The same for gets.
 * @property {(events: Entry[]) => unknown} [getMany] The values at the keys of one actor, by the call made for that.
 * @property {(event: Entry) => unknown} [last] The actor's entry with the greatest key.
 * @property {(actor: Entry, visit: (key: string, value: Uint8Array) => void) => unknown} [scan] All entries of an actor, in order.
 * @property {(actor: Entry, visit: (key: string, value: Uint8Array) => void) => unknown} [recover] The snapshot of an actor, then its events.
 * @property {() => unknown} count How many events there are.
 * @property {() => unknown} [settle] Waits for work that goes on after a promise has settled.
 * @property {() => unknown} close
 */

/** @type {readonly Contender[]} */
export const contenders = [library, rawDriver, betterSqlite3, betterSqlite3Transactions, classicLevel, lmdb, keyv];

export { library };
