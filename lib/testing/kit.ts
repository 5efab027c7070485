import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Collection, DbManager, Iteration, State } from '../contracts';
import type { Backend, Runner } from './backend';

/** What the groups of the suite register their tests with. */
export interface Kit {
  readonly backend: Backend;
  /** More entries than three pages of the backend. */
  readonly manyEntries: number;
  readonly describe: (title: string, body: () => void) => void;
  /** A test on a manager of its own, stopped afterwards. */
  readonly test: (title: string, body: (manager: DbManager) => Promise<void>) => void;
  /** Says in the runner's report that `part` was not tested. */
  readonly leaveOut: (part: string) => void;
}

export function kitOf(backend: Backend, { describe, it }: Runner): Kit {
  return {
    backend,
    manyEntries: 3 * (backend.pageEntries ?? 1000) + 30,
    describe: (title, body) => void describe(title, body),
    test: (title, body) => void it(title, async () => withManager(backend.open(), body)),
    leaveOut: (part) => {
      const title = `(left out: the backend declares that it has no ${part})`;
      (it.skip ?? it)(title, () => Promise.resolve());
    },
  };
}

/** Runs `body` and stops the manager. What `body` found matters more than what the end of a broken manager says. */
export async function withManager(
  opening: Promise<DbManager>,
  body: (manager: DbManager) => Promise<void>,
): Promise<void> {
  const manager = await opening;
  try {
    await body(manager);
  } catch (failure) {
    await manager.stop().catch(() => undefined);
    throw failure;
  }
  await manager.stop();
}

export interface Handles {
  readonly manager: DbManager;
  readonly collection: Collection;
  readonly state: State;
}

/** A collection of table `events` and a state of table `snapshots`, both of actor `a`. */
export async function handlesOf(manager: DbManager): Promise<Handles> {
  const [collection, state] = await Promise.all([
    manager.createCollection('events', 'a'),
    manager.createState('snapshots', 'a'),
  ]);
  return { manager, collection, state };
}

/** A value whose text is `text`. */
export function bytes(text: string): Buffer {
  return Buffer.from(text);
}

/** Puts `key=value` for each text, or an empty value where there is no `=`. */
export async function fill(collection: Collection, ...texts: string[]): Promise<void> {
  await Promise.all(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? collection.put(text, bytes('')) : collection.put(text.slice(0, at), bytes(text.slice(at + 1)));
    }),
  );
}

/** `count` keys in order: `0000`, `0001` … */
export function orderedKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index).padStart(String(count).length, '0'));
}

/** Writes an entry for each key in one batch, with the key's own text as its value. */
export async function fillMany(manager: DbManager, collection: Collection, keys: readonly string[]): Promise<void> {
  await manager.writeBatch(keys.map((key) => ({ type: 'put', target: collection, key, data: bytes(key) })));
}

export async function drain<T>(iteration: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iteration) items.push(item);
  return items;
}

export function keysOf(entries: readonly (readonly [string, Uint8Array])[]): string[] {
  return entries.map(([key]) => key);
}

export function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** The texts of values, in an array of this realm: a strict comparison tells the arrays of two realms apart, as jest makes them. */
export function textsOf(values: Iterable<Uint8Array | undefined>): (string | undefined)[] {
  return Array.from(values, textOf);
}

/** Everything in a collection as `key=value`. */
export async function contents(collection: Collection): Promise<string[]> {
  return (await drain(collection.iter())).map(([key, value]) => `${key}=${value.toString()}`);
}

/** Asserts that the collection holds exactly these `key=value`. */
export async function holds(collection: Collection, ...expected: string[]): Promise<void> {
  assert.deepEqual(await contents(collection), expected);
}

/** Asserts that `promise` fulfils without a value. */
export async function givesNothing(promise: PromiseLike<unknown>): Promise<void> {
  assert.equal(await promise, undefined);
}

/** Asserts that a pull or a return said that the iteration is done. */
export function isDone(result: IteratorResult<unknown, undefined>): void {
  assert.equal(result.done, true);
  assert.equal(result.value, undefined);
}

/** The first pull of an iteration. */
export function pull<T>(iteration: Iteration<T>): Promise<IteratorResult<T, undefined>> {
  return iteration[Symbol.asyncIterator]().next();
}

/** What an error must show. `message` must be part of the message. */
export interface Expected {
  readonly code: string;
  readonly key?: string;
  readonly entryKey?: string;
  readonly operation?: string;
  readonly message?: string | RegExp;
}

/** Asserts that `call` gives a promise, never throws itself, and that the promise rejects as expected. */
export async function rejects(call: () => PromiseLike<unknown>, expected: Expected, about = ''): Promise<void> {
  let promise: PromiseLike<unknown>;
  try {
    promise = call();
  } catch (error) {
    assert.fail(`threw ${inspect(error)} instead of giving a promise ${about}`);
  }
  assert.equal(typeof promise.then, 'function', `no promise ${about}`);
  const outcome = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) {
    assert.fail(`expected a rejection with ${expected.code}, got ${inspect(outcome.value)} ${about}`);
  }
  const { error } = outcome;
  assert.ok(typeof error === 'object' && error !== null, `rejected with ${inspect(error)} ${about}`);
  const { message, ...fields } = expected;
  for (const [field, value] of Object.entries(fields)) {
    const actual: unknown = (error as Record<string, unknown>)[field];
    assert.equal(actual, value, `${field} is ${inspect(actual)}, not ${inspect(value)}, of ${inspect(error)} ${about}`);
  }
  if (message !== undefined) matches((error as Partial<Error>).message, message, about);
}

function matches(actual: string | undefined, expected: string | RegExp, about: string): void {
  const found = typeof expected === 'string' ? actual?.includes(expected) : expected.test(actual ?? '');
  assert.ok(found === true, `the message ${inspect(actual)} does not say ${String(expected)} ${about}`);
}

/** A wrong argument: a `TypeError` with the code, whatever realm its class is of. */
export async function refuses(call: () => PromiseLike<unknown>, argument: string | RegExp, about = ''): Promise<void> {
  const typeError = { code: 'INVALID_ARGUMENT', name: 'TypeError', message: argument };
  await rejects(call, typeError, about);
}
