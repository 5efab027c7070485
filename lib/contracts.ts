/**
 * What an actor store promises, whatever keeps the bytes. A backend implements these interfaces and proves itself with the
 * suite of `ave-actors-sqlite/testing`.
 *
 * Every method returns a promise, and every failure is a rejection. Bytes are copied on the way in, before the call returns. A write that
 * resolved is committed; one that rejected had no effect, unless its error says `outcomeUnknown`.
 */

/**
 * One stored event: its key and its bytes. The Buffer shares no memory that another call would change, but it may be a view of a larger piece of
 * memory, which lives as long as the view: copy what is kept for long with `Uint8Array.from(value)`.
 */
export type Entry = [key: string, value: Buffer];

/** How an iteration runs. */
export interface IterationOptions {
  /** Greatest key first. Default: false. */
  reverse?: boolean;
  /** At most so many entries: a safe integer of 0 or more, or Infinity. Default: all. */
  limit?: number;
  /**
   * Shows one frozen moment, taken at the first pull, whatever is written, purged or deleted meanwhile. Costs a connection of its own for as
   * long as the iteration is open, and keeps SQLite's write-ahead log from starting over: after 60 s the logger is warned. At most 4 at a time;
   * the first pull of one more rejects with `STORE` (`read_view_limit`). A backend may lack it. Default: false.
   */
  consistent?: boolean;
  /** Ends the iteration: a pull during or after the abort rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A single-use iterator over pages of entries. Keys strictly advance, none comes twice. A write beyond the pages fetched so far is seen, one
 * inside a fetched page may not be; a loop that appends ahead of itself does not end. Between pulls it holds no lock and no connection, unless
 * `consistent`, and at most two pages in memory, however long the log.
 *
 * A failure rejects one pull: a wrong argument with `INVALID_ARGUMENT`, a page that could not be read with `GET`, a manager that was stopped with
 * `STORE` (`stopped`). After that the iteration is done; one that could not go on never looks like one that was complete.
 */
export interface EntryIterator<T> extends AsyncDisposable {
  /** The next entry. Overlapping calls are answered in their order. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the iteration, as `break` does in a loop. Resolves when everything it held is free: a page in flight is waited for. */
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
 *
 * A read sees every write that resolved before it started. A write resolves after its commit: a crash before that leaves all of it or nothing, a
 * crash after that leaves it, if the backend outlives its process. Besides what each method names, all of them reject with
 *
 * - a `TypeError` with `code: 'INVALID_ARGUMENT'` for a key that is no well-formed string, or data that is no `Uint8Array`;
 * - `STORE` (`stopped`) after the manager's `stop()`;
 * - reads: `GET` when the store could not be read. That says nothing about whether the entry exists;
 * - writes: `STORE` (`insert`, `delete`, `purge`) when the store could not be written, and `STORE` (`queue_full`) when too many bytes wait to be.
 *   Nothing of the write is in the store, unless the error says `outcomeUnknown`.
 */
export interface Collection {
  /** The table, as it was named when the handle was made. */
  readonly name: string;
  /** The actor. No other prefix's entries are ever seen or touched through this handle. */
  readonly prefix: string;

  /** The value of `key`. Rejects with `ENTRY_NOT_FOUND` (`prefix.key`) when there is none. About the Buffer see `Entry`. */
  get(key: string): Promise<Buffer>;
  /** The value of `key`, or `undefined` when there is none. */
  find(key: string): Promise<Buffer | undefined>;
  /**
   * The values of `keys`, in the order asked; `undefined` where there is none. No two of the Buffers overlap, those of a key asked for twice
   * neither. All values are in memory at once.
   */
  getMany(keys: Iterable<string>): Promise<(Buffer | undefined)[]>;
  /**
   * Inserts or replaces. Resolves after the commit. Key, prefix and value together may have 999,990,000 bytes; more is refused with `STORE`
   * (`insert`).
   */
  put(key: string, data: Uint8Array): Promise<void>;
  /**
   * Inserts, never replaces: rejects with `ENTRY_EXISTS` (`prefix.key`) when the key is there, and keeps the old bytes. Resolves after the commit.
   * The limit of `put` holds.
   */
  insert(key: string, data: Uint8Array): Promise<void>;
  /** Deletes. Resolves after the commit. Rejects with `ENTRY_NOT_FOUND` (`prefix.key`) when there is nothing to delete. */
  del(key: string): Promise<void>;
  /** The entry with the greatest key, or `undefined`. Rejects with `STORE` (`get_latest_events`) when the store could not be read. */
  last(): Promise<Entry | undefined>;
  /** All entries in key order; `true` is short for `{ reverse: true }`. */
  iter(options?: boolean | IterationOptions): Iteration<Entry>;
  /**
   * The entries from `start` to `end`, both inclusive, neither need exist, `undefined` is open. `start` is the lower bound, reversed
   * or not; `start > end` yields nothing.
   */
  iterRange(start?: string, end?: string, options?: boolean | IterationOptions): Iteration<Entry>;
  /**
   * At most `abs(quantity)` values behind `from` (exclusive) in key order, backwards and in descending order when `quantity` is negative. `from`
   * must exist, else `ENTRY_NOT_FOUND` (`prefix.key`), even for quantity 0; `undefined` is the end that the direction starts at. `quantity` is a
   * safe integer. All values are in memory at once. Rejects with `STORE` (`get_events_range`) when the store could not be read.
   */
  getByRange(from: string | undefined, quantity: number): Promise<Buffer[]>;
  /** Deletes the entries from `start` to `end`, both inclusive, `undefined` is open. Nothing there is a success. All or none, across a crash too. */
  delRange(start?: string, end?: string): Promise<void>;
  /** Deletes every entry of this prefix and of no other. Idempotent. All or none, across a crash too. */
  purge(): Promise<void>;
}

/** One value of one actor: its latest snapshot. What `Collection` says of reads, writes and errors holds here too. */
export interface State {
  /** The table, as it was named when the handle was made. */
  readonly name: string;
  /** The actor. */
  readonly prefix: string;

  /** The value. Rejects with `ENTRY_NOT_FOUND` (the bare prefix) when there is none. */
  get(): Promise<Buffer>;
  /** The value, or `undefined` when there is none. */
  find(): Promise<Buffer | undefined>;
  /** Inserts or replaces. Resolves after the commit. The limit of `Collection.put` holds. */
  put(data: Uint8Array): Promise<void>;
  /** Deletes. Resolves after the commit. Rejects with `ENTRY_NOT_FOUND` (the bare prefix) when there is nothing to delete. */
  del(): Promise<void>;
  /** Deletes the value, if there is one. Nothing there is a success. */
  purge(): Promise<void>;
}

/**
 * One step of a `writeBatch`, on a handle of the manager that takes the batch. Each does what the method of its name does: a `del` of what is not
 * there and an `insert` of what is fail the batch, a `delRange` or a `purge` of nothing does not. `insert` and `delRange` are for collections.
 */
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
   * when missing. Idempotent, and cheap once the table is there; any well-formed string is a prefix. Rejects with `CREATE_STORE` when the name is
   * not allowed, the table has another shape or cannot be made, with `INVALID_ARGUMENT` for what is no string.
   */
  createCollection(identifier: string, prefix: string): Promise<Collection>;
  /** A handle on the snapshot of actor `prefix` in table `identifier`; as `createCollection`. */
  createState(identifier: string, prefix: string): Promise<State>;
  /**
   * The actors that have rows in a table, in key order, each once. A table that does not exist has none. The first pull rejects with
   * `CREATE_STORE` when the name is not allowed.
   */
  prefixes(identifier: string): Iteration<string>;
  /**
   * All operations in the order given, in one transaction: all or none, across a crash too. The iterable is consumed, and its bytes are copied,
   * before the call returns. Resolves after the commit; an empty batch succeeds. Rejects with the failing operation's own error, its index in
   * the message; with `INVALID_ARGUMENT` for a malformed operation, or a target of another manager; with `STORE` (`execute_batch`) when the store
   * could not be written. Nothing of the batch is in the store then, unless the error says `outcomeUnknown`.
   */
  writeBatch(operations: Iterable<BatchOperation>): Promise<void>;
  /**
   * Refuses new work, honours what was accepted, then closes: every call after it rejects with `STORE` (`stopped`), every promise handed out
   * before it settles. Idempotent: later calls give the same promise.
   */
  stop(): Promise<void>;
}

/**
 * A pino-shaped logger. Is called synchronously, from the store's own work: it should not block. What it throws is ignored. The fields are
 * `path`, and where they apply `err` (the cause), `walBytes` and `ageSeconds`.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
