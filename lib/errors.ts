/** The errors of every backend. `code` is stable and narrows in a `switch`; messages may grow. */
import { isNativeError } from 'node:util/types';

/** What kind of error it is. Stable, and the same in every copy of the library, unlike the class. */
export type StoreErrorCode =
  'CREATE_STORE' | 'ENTRY_NOT_FOUND' | 'ENTRY_EXISTS' | 'GET' | 'STORE' | 'INVALID_CONFIGURATION';

/**
 * What a `StoreOperationError` was doing: `insert` (a put or an insert), `delete` (a del or a delRange), `purge`, `execute_batch` (writeBatch),
 * `get_latest_events` (last), `get_events_range` (getByRange), `backup`, `open_connection` (for a consistent iteration), `wal_checkpoint` (stop); or why
 * it was not begun: `stopped`, `queue_full`, `read_view_limit`.
 */
export type StoreOperation =
  | 'insert'
  | 'delete'
  | 'purge'
  | 'execute_batch'
  | 'wal_checkpoint'
  | 'open_connection'
  | 'get_latest_events'
  | 'get_events_range'
  | 'backup'
  | 'stopped'
  | 'queue_full'
  | 'read_view_limit';

/** Where an error happened and what caused it. */
export interface ErrorContext {
  table?: string | undefined;
  prefix?: string | undefined;
  path?: string | undefined;
  cause?: unknown;
  /** The index of the operation that failed, when it was part of a batch. */
  index?: number | undefined;
}

/**
 * Base of all errors that a store rejects with, wrong arguments aside (those are `TypeError`s with `code: 'INVALID_ARGUMENT'`).
 * `table`, `prefix` and `path` are there where they apply; `sqliteCode` (extended result code) and `sqliteName` where SQLite
 * spoke. A message never holds a value's bytes.
 */
export abstract class StoreError extends Error {
  abstract readonly code: StoreErrorCode;
  declare readonly table?: string;
  declare readonly prefix?: string;
  declare readonly path?: string;
  /** SQLite's extended result code: https://sqlite.org/rescode.html */
  declare readonly sqliteCode?: number;
  /** The name of the primary result code, such as `SQLITE_BUSY`. */
  declare readonly sqliteName?: string;

  constructor(message: string, context: ErrorContext = {}) {
    super(
      context.index === undefined ? message : `${message} (operation ${context.index} of the batch)`,
      context.cause === undefined ? undefined : { cause: context.cause },
    );
    if (context.table !== undefined) this.table = context.table;
    if (context.prefix !== undefined) this.prefix = context.prefix;
    if (context.path !== undefined) this.path = context.path;
    const sqliteCode = sqliteCodeOf(context.cause);
    if (sqliteCode !== undefined) {
      this.sqliteCode = sqliteCode;
      this.sqliteName = SQLITE_NAMES[sqliteCode & 0xff] ?? 'SQLITE_UNKNOWN';
    }
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** A store, a table or a handle could not be made or opened. */
export class CreateStoreError extends StoreError {
  readonly code = 'CREATE_STORE';
  constructor(
    readonly reason: string,
    context?: ErrorContext,
  ) {
    super(`failed to create store: ${reason}`, context);
  }
}

/** There is no entry at `key`: `prefix.key` in a collection, the bare prefix in a state. */
export class EntryNotFoundError extends StoreError {
  readonly code = 'ENTRY_NOT_FOUND';
  /** The key within the collection; absent for a state. */
  declare readonly entryKey?: string;
  constructor(
    readonly key: string,
    entryKey?: string,
    context?: ErrorContext,
  ) {
    super(`entry not found: ${key}`, context);
    if (entryKey !== undefined) this.entryKey = entryKey;
  }
}

/** `insert` found an entry at `key` (`prefix.key`) and left it as it was. */
export class EntryExistsError extends StoreError {
  readonly code = 'ENTRY_EXISTS';
  constructor(
    readonly key: string,
    readonly entryKey: string,
    context?: ErrorContext,
  ) {
    super(`entry exists: ${key}`, context);
  }
}

/**
 * A read failed. It says nothing about whether the entry exists. `key` is that of the entry; the prefix for a page of an iteration, the table for
 * a page of `prefixes`.
 */
export class GetError extends StoreError {
  readonly code = 'GET';
  /** The key within the collection; absent for a state and for a page of entries. */
  declare readonly entryKey?: string;
  constructor(
    readonly key: string,
    readonly reason: string,
    entryKey?: string,
    context?: ErrorContext,
  ) {
    super(`failed to get data for key '${key}': ${reason}`, context);
    if (entryKey !== undefined) this.entryKey = entryKey;
  }
}

/** An operation on an open store failed. Nothing of it is in the file, unless `outcomeUnknown`. */
export class StoreOperationError extends StoreError {
  readonly code = 'STORE';
  /** The entry that was to be written, `prefix.key`, or the bare prefix of a state; absent where it is not one entry. */
  declare readonly key?: string;
  /** The key within the collection; absent for a state. */
  declare readonly entryKey?: string;
  /**
   * True after an I/O error at the commit, or when memory ran out there: the write may or may not be in the file until the next write of this manager resolves;
   * from then on it is as reads show it.
   */
  readonly outcomeUnknown: boolean;
  constructor(
    readonly operation: StoreOperation,
    readonly reason: string,
    context?: ErrorContext & { key?: string | undefined; entryKey?: string | undefined; outcomeUnknown?: boolean },
  ) {
    super(`store operation failed: ${operation} - ${reason}`, context);
    if (context?.key !== undefined) this.key = context.key;
    if (context?.entryKey !== undefined) this.entryKey = context.entryKey;
    this.outcomeUnknown = context?.outcomeUnknown ?? false;
  }
}

/** An option of `open` is wrong. */
export class InvalidConfigurationError extends StoreError {
  readonly code = 'INVALID_CONFIGURATION';
  constructor(
    readonly component: string,
    readonly reason: string,
    context?: ErrorContext,
  ) {
    super(`invalid configuration for ${component}: ${reason}`, context);
  }
}

/** Every concrete error, for a `switch (error.code)` that narrows. */
export type AnyStoreError =
  CreateStoreError | EntryNotFoundError | EntryExistsError | GetError | StoreOperationError | InvalidConfigurationError;

/** A `TypeError` for a wrong argument: names it, what was expected and the type received, never the value. */
export type InvalidArgumentError = TypeError & { readonly code: 'INVALID_ARGUMENT' };

export function invalidArgument(argument: string, expected: string, received: unknown): InvalidArgumentError {
  const error = new TypeError(`invalid argument ${argument}: expected ${expected}, received ${describe(received)}`);
  return Object.assign(error, { code: 'INVALID_ARGUMENT' as const });
}

/** The error of every call on a manager that is stopped or stopping. */
export function stoppedError(path: string): StoreOperationError {
  return new StoreOperationError('stopped', `the manager is stopped (${path})`, { path });
}

/** SQLite's extended result code of a driver error, or undefined when SQLite did not speak. */
export function sqliteCodeOf(error: unknown): number | undefined {
  if (!(typeof error === 'object' && error !== null && 'errno' in error && 'code' in error)) return undefined;
  const { errno, code } = error;
  if (typeof errno !== 'number' || errno <= 0 || typeof code !== 'string') return undefined;
  // The driver's codes are SQLITE_… or, for an extended number that it has no name for, UNKNOWN; libuv's errno are negative.
  return code.startsWith('SQLITE_') || code === 'UNKNOWN' ? errno : undefined;
}

/** Whether SQLite failed with one of these primary result codes. */
export function hasPrimaryCode(error: unknown, codes: readonly number[]): boolean {
  const code = sqliteCodeOf(error);
  return code !== undefined && codes.includes(code & 0xff);
}

/** A short reason out of whatever was thrown. */
export function reasonOf(cause: unknown): string {
  // Not instanceof: the driver's errors may come from another realm than this module (jest, vm).
  return isNativeError(cause) ? cause.message : String(cause);
}

/** What a value is, in a word or two; never its bytes or its text. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value !== 'object') return typeof value;
  try {
    const name: unknown = value.constructor.name;
    return typeof name === 'string' && name !== '' ? name : 'object';
  } catch {
    return 'object';
  }
}

const SQLITE_NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  2: 'SQLITE_INTERNAL',
  3: 'SQLITE_PERM',
  4: 'SQLITE_ABORT',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  12: 'SQLITE_NOTFOUND',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  16: 'SQLITE_EMPTY',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  22: 'SQLITE_NOLFS',
  23: 'SQLITE_AUTH',
  24: 'SQLITE_FORMAT',
  25: 'SQLITE_RANGE',
  26: 'SQLITE_NOTADB',
};
