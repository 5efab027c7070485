/**
 * A fixed sequence of writes, and the judgement of a store by what became of each of them. Every write leaves a mark, an event that only it
 * makes, so that a file tells which writes are in it.
 */
import { createHash } from 'node:crypto';
import { bytes } from './random';

export const EVENTS = 'events';
export const SNAPSHOTS = 'snapshots';

export type Operation =
  | { type: 'put' | 'insert'; actor: string; key: string; data: Buffer }
  | { type: 'del'; actor: string; key: string }
  | { type: 'delRange'; actor: string; start: string; end: string }
  | { type: 'snapshot'; actor: string; data: Buffer };

/** One call on the store: a single operation, or a batch of several. */
export interface Write {
  ordinal: number;
  operations: readonly Operation[];
}

/** What a store holds: `table/actor/key` (an actor's snapshot has no key) → a digest of the bytes. */
export type Rows = Map<string, string>;

export function digest(data: Uint8Array): string {
  return `${data.length}:${createHash('sha1').update(data).digest('base64')}`;
}

const digests = new WeakMap<Uint8Array, string>();

/** The digest of bytes that the history made, computed once: they are compared with thousands of stores. */
function digestOf(data: Buffer): string {
  const known = digests.get(data) ?? digest(data);
  digests.set(data, known);
  return known;
}

export const eventRow = (actor: string, key: string): string => `${EVENTS}/${actor}/${key}`;
export const snapshotRow = (actor: string): string => `${SNAPSHOTS}/${actor}`;

const SIZES = [3, 200, 40, 9000, 0, 700, 200, 1500, 5000, 100, 64];
const SHAPES = 8;
/** More rows over two tables than one statement takes, so that their group is committed between BEGIN and COMMIT; rarely, a value that travels alone. */
const MANY = 66;
const MANY_EVERY = 16;
const LARGE_VALUE = 1_100_000;
const LARGE_EVERY = 400;

/** The same sequence for every reader and writer; two that work on one store at once have actors of their own. */
export class History {
  readonly actors: readonly [string, string];
  readonly #writes: Write[] = [];

  constructor(owner = '') {
    this.actors = [`north${owner}`, `south${owner}`];
  }

  /** The write at a place: single puts and inserts, batches over two tables, batches that delete. */
  at(ordinal: number): Write {
    return (this.#writes[ordinal] ??= { ordinal, operations: this.#operations(ordinal) });
  }

  /** The row that only this write makes. */
  markOf(ordinal: number): string {
    return eventRow(this.#actorOf(ordinal), key(ordinal));
  }

  /**
   * Judges the rows of a store by the outcomes of the writes from place 0 on. Rows of other owners' actors do not count. A relaxed store may lack
   * the end of what was acknowledged, but nothing before the end.
   */
  judge(all: Rows, outcomes: readonly Outcome[], relaxed = false): Judgement {
    const rows = rowsOfActors(all, this.actors);
    const judgement: Judgement = { acknowledged: 0, lost: 0, half: 0, ghosts: 0, holes: 0 };
    const there = outcomes.map((_, ordinal) => rows.has(this.markOf(ordinal)));
    const last = there.lastIndexOf(true);
    const expected: Rows = new Map();
    outcomes.forEach((outcome, ordinal) => {
      const deleter = deleterOf(ordinal);
      const gone = !there[ordinal] && !(deleter !== undefined && there[deleter] === true);
      const mayLack = outcome === 'pending' || relaxed;
      if (outcome === 'acknowledged') judgement.acknowledged++;
      if (outcome === 'acknowledged' && gone && !mayLack) judgement.lost++;
      if (outcome === 'rejected' && there[ordinal]) judgement.ghosts++;
      if (outcome !== 'rejected' && outcome !== 'unknown' && gone && mayLack && ordinal < last) judgement.holes++;
      if (there[ordinal]) writeTo(expected, this.at(ordinal));
    });
    judgement.half = differences(rows, expected);
    return judgement;
  }

  #operations(ordinal: number): Operation[] {
    const shape = ordinal % SHAPES;
    const actor = this.#actorOf(ordinal);
    const mark: Operation = { type: shape === 3 ? 'insert' : 'put', actor, key: key(ordinal), data: dataOf(ordinal) };
    const victim = key(ordinal - 2);
    switch (shape) {
      case 2:
        return [
          mark,
          { type: 'snapshot', actor, data: dataOf(ordinal + 1) },
          { type: 'put', actor: this.actors[1], key: `${key(ordinal)}.echo`, data: dataOf(ordinal + 2) },
        ];
      case 5:
        return [{ type: 'del', actor, key: victim }, mark];
      case 6:
        return [mark, { type: 'delRange', actor, start: victim, end: `${victim}.` }];
      case 7: {
        if (ordinal % LARGE_EVERY === 47) {
          return [mark, { type: 'put', actor, key: `${key(ordinal)}.large`, data: bytes(ordinal, LARGE_VALUE) }];
        }
        if (ordinal % MANY_EVERY !== shape) return [mark];
        const echoes = Array.from({ length: MANY }, (_, at): Operation => {
          return { type: 'put', actor, key: `${key(ordinal)}.${at}`, data: bytes(at, 20) };
        });
        return [mark, ...echoes, { type: 'snapshot', actor, data: dataOf(ordinal + 1) }];
      }
      default:
        return [mark];
    }
  }

  #actorOf(ordinal: number): string {
    return this.actors[ordinal % 2]!;
  }
}

/** The place in the history that an earlier write's mark is deleted from, if any: only marks that are all their write did. */
function deleterOf(ordinal: number): number | undefined {
  const shape = ordinal % SHAPES;
  return shape === 3 || shape === 4 ? ordinal + 2 : undefined;
}

function key(ordinal: number): string {
  return `e${String(ordinal).padStart(7, '0')}`;
}

function dataOf(ordinal: number): Buffer {
  return bytes(ordinal, SIZES[ordinal % SIZES.length]!);
}

/** What is known about a write: its promise resolved, rejected, rejected with `outcomeUnknown`, or had not settled at the end. */
export type Outcome = 'acknowledged' | 'rejected' | 'unknown' | 'pending';

export interface Judgement {
  acknowledged: number;
  /** Acknowledged, but not there. */
  lost: number;
  /** Rows that the writes found there do not explain: a part of a batch, a wrong value, a row too many. */
  half: number;
  /** Rejected without `outcomeUnknown`, but there. */
  ghosts: number;
  /** Not there (and not rejected), although a later write is. */
  holes: number;
}

/** What a write makes of the rows of a store. */
export function writeTo(rows: Rows, write: Write): void {
  for (const operation of write.operations) {
    if (operation.type === 'snapshot') rows.set(snapshotRow(operation.actor), digestOf(operation.data));
    else if (operation.type === 'del') rows.delete(eventRow(operation.actor, operation.key));
    else if (operation.type === 'delRange') rows.delete(eventRow(operation.actor, operation.start));
    else rows.set(eventRow(operation.actor, operation.key), digestOf(operation.data));
  }
}

/** The rows of some actors among those of all. */
export function rowsOfActors(rows: Rows, actors: readonly string[]): Rows {
  return new Map([...rows].filter(([row]) => actors.includes(row.split('/')[1]!)));
}

/** The number of rows in which two stores differ. */
export function differences(left: Rows, right: Rows): number {
  let count = 0;
  for (const [row, value] of left) if (right.get(row) !== value) count++;
  for (const row of right.keys()) if (!left.has(row)) count++;
  return count;
}
