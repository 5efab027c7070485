/** What callers ask to be written, read and copied once, at the call. Every backend applies these records in their order. */
import { StoreOperationError, invalidArgument } from './errors';
import { checkBound, checkData, checkText, copyData } from './validate';

/** The rows that a handle stands for: those of one actor in one table. */
export interface Target {
  /** The table, in the one spelling that compares. */
  readonly table: string;
  /** The table as the handle's maker spelled it, for errors. */
  readonly name: string;
  readonly prefix: string;
  readonly kind: 'collection' | 'state';
  /** The file, for errors, where there is one. */
  readonly path?: string;
}

interface Place {
  readonly table: string;
  readonly name: string;
  readonly prefix: string;
}

/** One write. `key` is undefined for a state; `erase` is a delRange or, with no bounds and `purge`, a purge. */
export type Write =
  | (Place & { readonly kind: 'put' | 'insert'; readonly key: string | undefined; readonly data: Buffer })
  | (Place & { readonly kind: 'del'; readonly key: string | undefined })
  | (Place & {
      readonly kind: 'erase';
      readonly start: string | undefined;
      readonly end: string | undefined;
      readonly purge: boolean;
      readonly shape: Target['kind'];
    });

/** How entries are named in errors: `prefix.key`, the bare prefix for a state. */
export function entryName(prefix: string, key: string | undefined): string {
  return key === undefined ? prefix : `${prefix}.${key}`;
}

/**
 * SQLite's limit on a row is 999,999,990 bytes, value, key and prefix together (https://sqlite.org/limits.html#max_length). Every backend
 * refuses above a rounder number, so that what one takes fits into all.
 */
export const MAX_ROW_BYTES = 999_990_000;

/**
 * The operations as writes, in their order: a write's position is its operation's index. Runs the caller's code (iterators, getters)
 * synchronously and copies the bytes; each property is read once. Whatever is wrong throws, with the operation's index in the message, and
 * nothing is kept. The caller's code may have stopped the manager meanwhile: look after this, not before.
 */
export function readBatch(operations: unknown, resolve: (target: unknown) => Target | undefined): Write[] {
  if (!isIterable(operations)) throw invalidArgument('operations', 'an iterable of operations', operations);
  const writes: Write[] = [];
  for (const operation of operations) writes.push(readOperation(operation, writes.length, resolve));
  return writes;
}

/** A put or an insert of one entry or, with `key` undefined, of a state. The bytes are copied. */
export function readPut(kind: 'put' | 'insert', target: Target, key: unknown, data: unknown, index?: number): Write {
  const { table, name, prefix, path } = target;
  const entryKey = target.kind === 'state' ? undefined : checkText(key, 'key');
  const size = checkData(data);
  // A UTF-16 unit takes at most 3 bytes: only a row that might be too large is measured.
  if (size + 3 * (prefix.length + (entryKey?.length ?? 0)) > MAX_ROW_BYTES) {
    const bytes = size + Buffer.byteLength(prefix) + Buffer.byteLength(entryKey ?? '');
    if (bytes > MAX_ROW_BYTES) {
      const reason = `the value with its key and prefix has ${bytes} bytes, the limit is ${MAX_ROW_BYTES}: divide it`;
      const row = { key: entryName(prefix, entryKey), entryKey };
      throw new StoreOperationError('insert', reason, { table: name, prefix, path, ...row, index });
    }
  }
  return { kind, table, name, prefix, key: entryKey, data: copyData(data as Uint8Array, size) };
}

export function readDel(target: Target, key: unknown): Write {
  const { table, name, prefix } = target;
  return { kind: 'del', table, name, prefix, key: target.kind === 'state' ? undefined : checkText(key, 'key') };
}

export function readDelRange(target: Target, start: unknown, end: unknown): Write {
  const { table, name, prefix } = target;
  return {
    kind: 'erase',
    table,
    name,
    prefix,
    start: checkBound(start, 'start'),
    end: checkBound(end, 'end'),
    purge: false,
    shape: 'collection',
  };
}

export function purgeOf({ table, name, prefix, kind }: Target): Write {
  return { kind: 'erase', table, name, prefix, start: undefined, end: undefined, purge: true, shape: kind };
}

type Fields = Readonly<Record<'type' | 'target' | 'key' | 'data' | 'start' | 'end', unknown>>;

function readOperation(operation: unknown, index: number, resolve: (target: unknown) => Target | undefined): Write {
  if (typeof operation !== 'object' || operation === null) {
    throw atOperation(index, invalidArgument('operation', 'an object', operation));
  }
  // Outside the try: what the caller's getters throw is theirs, and is passed on as it is.
  const { type, target, key, data, start, end } = operation as Fields;
  try {
    return checkOperation({ type, target, key, data, start, end }, index, resolve);
  } catch (error) {
    throw atOperation(index, error);
  }
}

function checkOperation(fields: Fields, index: number, resolve: (target: unknown) => Target | undefined): Write {
  const { type, key, data, start, end } = fields;
  const target = resolve(fields.target);
  if (target === undefined) {
    throw invalidArgument('target', 'a collection or a state of this manager', fields.target);
  }
  switch (type) {
    case 'put':
      return readPut('put', target, key, data, index);
    case 'del':
      return readDel(target, key);
    case 'purge':
      return purgeOf(target);
    case 'insert':
      if (target.kind === 'collection') return readPut('insert', target, key, data, index);
      break;
    case 'delRange':
      if (target.kind === 'collection') return readDelRange(target, start, end);
      break;
  }
  const types = target.kind === 'collection' ? 'put, insert, del, delRange or purge' : 'put, del or purge';
  throw invalidArgument('type', `${types} (the target is a ${target.kind})`, type);
}

function atOperation(index: number, error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const message = `${error.message} (operation ${index} of the batch)`;
  return Object.assign(new TypeError(message), { code: 'INVALID_ARGUMENT' as const });
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function'
  );
}
