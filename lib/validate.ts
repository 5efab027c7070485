/** What callers hand in is checked here, once, before anything is queued. */
import { isUint8Array } from 'node:util/types';
import type { IterationOptions } from './contracts';
import { CreateStoreError, invalidArgument } from './errors';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A table's name as given; `CreateStoreError` when it is none that every backend can take. */
export function checkIdentifier(identifier: unknown): string {
  if (typeof identifier !== 'string') throw invalidArgument('identifier', 'a string', identifier);
  if (!IDENTIFIER.test(identifier)) {
    throw new CreateStoreError(
      `invalid SQLite identifier ${quote(identifier)}: expected letters, digits and underscores, not starting with a digit`,
    );
  }
  // https://sqlite.org/fileformat2.html#internal_schema_objects: names that begin with sqlite_ are reserved.
  if (identifier.slice(0, 7).toLowerCase() === 'sqlite_') {
    throw new CreateStoreError(
      `invalid SQLite identifier ${quote(identifier)}: names that begin with sqlite_ are reserved`,
    );
  }
  return identifier;
}

/** Two identifiers with the same table name are the same table: SQLite compares them without ASCII case. */
export function tableOf(identifier: string): string {
  return identifier.toLowerCase();
}

/**
 * Text that every backend can store and give back unchanged. A lone surrogate has no UTF-8 form: it would be stored as U+FFFD, and two
 * different keys would become one row.
 */
export function checkText(value: unknown, argument: string): string {
  if (typeof value !== 'string') throw invalidArgument(argument, 'a string', value);
  if (!value.isWellFormed()) throw invalidArgument(argument, 'well-formed Unicode (no lone surrogates)', value);
  return value;
}

/** The keys of a getMany, each checked. Runs the caller's iterable. */
export function checkKeys(keys: unknown): string[] {
  // A string is iterable, and surely not meant.
  if (typeof keys !== 'object' || keys === null || typeof (keys as Iterable<unknown>)[Symbol.iterator] !== 'function') {
    throw invalidArgument('keys', 'an iterable of strings', keys);
  }
  return Array.from(keys as Iterable<unknown>, (key, i) => checkText(key, `keys[${i}]`));
}

export function checkBound(value: unknown, argument: string): string | undefined {
  return value === undefined ? undefined : checkText(value, argument);
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const byteLength = Object.getOwnPropertyDescriptor(typedArrayPrototype, 'byteLength');

/**
 * The number of bytes of `data`. Read through the intrinsic getter: a subclass or an own property cannot lie about it.
 */
export function checkData(data: unknown): number {
  if (!isUint8Array(data)) throw invalidArgument('data', 'a Uint8Array', data);
  const length = byteLength?.get?.call(data) as number;
  if (length === 0) refuseDetached(data);
  return length;
}

/** A copy of data that `checkData` has measured. */
export function copyData(data: Uint8Array, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size);
  // The intrinsic set reads the source's memory; Buffer.from would ask its species and its properties.
  copy.set(data);
  return copy;
}

/** A detached array looks empty. Stored as such it would be a silent loss. */
function refuseDetached(data: Uint8Array): void {
  try {
    Uint8Array.prototype.at.call(data, 0);
  } catch {
    throw invalidArgument('data', 'a Uint8Array that has its memory', data);
  }
}

export function checkQuantity(quantity: unknown): number {
  if (!Number.isSafeInteger(quantity)) throw invalidArgument('quantity', 'a safe integer', quantity);
  return quantity as number;
}

/** How an iteration runs, every option decided. */
export interface IterationPlan {
  readonly reverse: boolean;
  readonly limit: number;
  readonly consistent: boolean;
  readonly signal: AbortSignal | undefined;
}

export function checkIterationOptions(options: unknown): IterationPlan {
  if (options === undefined || typeof options === 'boolean') {
    return { reverse: options === true, limit: Infinity, consistent: false, signal: undefined };
  }
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument('options', 'a boolean or an object', options);
  }
  const { reverse, limit, consistent, signal } = options as Readonly<Record<keyof IterationOptions, unknown>>;
  if (limit !== undefined && limit !== Infinity && !(Number.isSafeInteger(limit) && (limit as number) >= 0)) {
    throw invalidArgument('options.limit', 'a safe integer of 0 or more, or Infinity', limit);
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw invalidArgument('options.signal', 'an AbortSignal', signal);
  }
  return {
    reverse: checkFlag(reverse, 'options.reverse'),
    limit: limit === undefined ? Infinity : (limit as number),
    consistent: checkFlag(consistent, 'options.consistent'),
    signal,
  };
}

export function checkFlag(value: unknown, argument: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw invalidArgument(argument, 'a boolean', value);
  return value ?? false;
}

/** By shape, not by class: a signal from another realm (jest, vm) is as good. */
function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as AbortSignal).aborted === 'boolean' &&
    typeof (value as AbortSignal).throwIfAborted === 'function'
  );
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
