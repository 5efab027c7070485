/**
 * What an actor store promises, whatever keeps the bytes. A backend implements these interfaces and proves itself with the
 * suite of `ave-actors-sqlite/testing`.
 *
 * Every method returns a promise, and every failure is a rejection. Bytes are copied on the way in, before the call returns. A write that
 * resolved is committed; one that rejected had no effect, unless its error says `outcomeUnknown`.
 */

/** One stored event: its key and its bytes. */
export type Entry = [key: string, value: Buffer];

/** How an iteration runs. */
export interface IterationOptions {
  /** Greatest key first. Default: false. */
  reverse?: boolean;
  /** At most so many entries. Default: all. */
  limit?: number;
  /**
   * Shows one frozen moment, taken at the first pull, whatever is written, purged or deleted meanwhile. Costs a connection of
   * its own for as long as the iteration is open; at most 4 at a time. Default: false.
   */
  consistent?: boolean;
  /** Ends the iteration: a pull during or after the abort rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A single-use iterator over pages of entries. Overlapping `next()` calls are answered in call order. A failure rejects one
 * pull, after that the iteration is done. `return()` frees everything at once, when a page in flight has come back.
 */
export interface EntryIterator<T> extends AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>;
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): this;
}

/**
 * A promise of an iterator that is itself async-iterable: `for await (const entry of events.iter())` and
 * `const entries = await events.iter()` give the same iterator. The promise always fulfils and does no I/O; whatever fails,
 * fails a pull.
 */
export interface Iteration<T> extends Promise<EntryIterator<T>> {
  [Symbol.asyncIterator](): EntryIterator<T>;
}

/**
 * The ordered events of one actor: `key → bytes`, ordered by the keys' UTF-8 bytes. The empty key and the empty value are legal.
 */
export interface Collection {
  /** The table, as it was named when the handle was made. */
  readonly name: string;
  /** The actor. No other prefix's entries are ever seen or touched through this handle. */
  readonly prefix: string;

  /** The value of `key`. Rejects with `ENTRY_NOT_FOUND` (`prefix.key`) when there is none, with `GET` when it cannot be read. */
  get(key: string): Promise<Buffer>;
  /** The value of `key`, or `undefined` when there is none. */
  find(key: string): Promise<Buffer | undefined>;
  /** The values of `keys`, in the order asked; `undefined` where there is none. Each is a Buffer of its own, duplicates too. */
  getMany(keys: Iterable<string>): Promise<(Buffer | undefined)[]>;
  /** Inserts or replaces. Resolves after the commit. */
  put(key: string, data: Uint8Array): Promise<void>;
  /** Inserts, never replaces: rejects with `ENTRY_EXISTS` (`prefix.key`) when the key is there, and keeps the old bytes. */
  insert(key: string, data: Uint8Array): Promise<void>;
  /** Deletes. Rejects with `ENTRY_NOT_FOUND` (`prefix.key`) when there is nothing to delete. */
  del(key: string): Promise<void>;
  /** The entry with the greatest key, or `undefined`. */
  last(): Promise<Entry | undefined>;
  /** All entries in key order; `true` is short for `{ reverse: true }`. */
  iter(options?: boolean | IterationOptions): Iteration<Entry>;
  /**
   * The entries from `start` to `end`, both inclusive, neither need exist, `undefined` is open. `start` is the lower bound, reversed
   * or not; `start > end` yields nothing.
   */
  iterRange(start?: string, end?: string, options?: boolean | IterationOptions): Iteration<Entry>;
  /**
   * At most `abs(quantity)` values behind `from` (exclusive), backwards when `quantity` is negative. `from` must exist, else
   * `ENTRY_NOT_FOUND` (`prefix.key`), even for quantity 0; `undefined` is the end that the direction starts at.
   */
  getByRange(from: string | undefined, quantity: number): Promise<Buffer[]>;
  /** Deletes the entries from `start` to `end`, both inclusive, `undefined` is open. Nothing there is a success. */
  delRange(start?: string, end?: string): Promise<void>;
  /** Deletes every entry of this prefix and of no other. Idempotent. */
  purge(): Promise<void>;
}

/** One value of one actor: its latest snapshot. */
export interface State {
  /** The table, as it was named when the handle was made. */
  readonly name: string;
  /** The actor. */
  readonly prefix: string;

  /** The value. Rejects with `ENTRY_NOT_FOUND` (the bare prefix) when there is none, with `GET` when it cannot be read. */
  get(): Promise<Buffer>;
  /** The value, or `undefined` when there is none. */
  find(): Promise<Buffer | undefined>;
  /** Inserts or replaces. Resolves after the commit. */
  put(data: Uint8Array): Promise<void>;
  /** Deletes. Rejects with `ENTRY_NOT_FOUND` (the bare prefix) when there is nothing to delete. */
  del(): Promise<void>;
  /** Deletes. Nothing there is a success. */
  purge(): Promise<void>;
}

/** One step of a `writeBatch`, on a handle of the manager that takes the batch. */
export type BatchOperation =
  | { type: 'put' | 'insert'; target: Collection; key: string; data: Uint8Array }
  | { type: 'del'; target: Collection; key: string }
  | { type: 'delRange'; target: Collection; start?: string | undefined; end?: string | undefined }
  | { type: 'put'; target: State; data: Uint8Array }
  | { type: 'del'; target: State }
  | { type: 'purge'; target: Collection | State };

/**
 * Owner of a store: hands out handles, commits batches, ends everything. All writes of a manager take effect in the order of the
 * calls, awaited or not, whichever handle or batch they came through.
 */
export interface DbManager extends AsyncDisposable {
  /**
   * A handle on the events of actor `prefix` in table `identifier` (`[A-Za-z_][A-Za-z0-9_]*`, compared without ASCII case), made
   * when missing. Rejects with `CREATE_STORE` when the name is not allowed or the table has another shape.
   */
  createCollection(identifier: string, prefix: string): Promise<Collection>;
  /** A handle on the snapshot of actor `prefix` in table `identifier`; as `createCollection`. */
  createState(identifier: string, prefix: string): Promise<State>;
  /** The actors that have rows in a table, in key order, each once. A table that does not exist has none. */
  prefixes(identifier: string): Iteration<string>;
  /**
   * All operations in the order given, in one transaction: all or none, across a crash too. Rejects with the failing operation's
   * own error, its index in the message. An empty batch succeeds.
   */
  writeBatch(operations: Iterable<BatchOperation>): Promise<void>;
  /** Refuses new work, honours what was accepted, then closes. Idempotent: later calls give the same promise. */
  stop(): Promise<void>;
}

/** A pino-shaped logger. What it throws is ignored. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
