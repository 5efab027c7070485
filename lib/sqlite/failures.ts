/** What a failed write becomes for its caller, and what is known of the place where it happened. */
import { entryName, type Write } from '../batch';
import {
  EntryExistsError,
  EntryNotFoundError,
  StoreOperationError,
  reasonOf,
  type StoreError,
  type StoreOperation,
} from '../errors';
import type { WriteFailure } from './write-plan';

/** The error of a call that was no batch. */
export function writeError(failure: WriteFailure, write: Write, path: string): StoreError {
  return errorOf(failure, write, operationOf(write), path, undefined);
}

/** The error of a batch: that of the write that failed, with its index where it can be told. */
export function batchError(failure: WriteFailure, writes: readonly Write[], path: string): StoreError {
  const index = failure.index ?? (writes.length === 1 ? 0 : undefined);
  return errorOf(failure, index === undefined ? undefined : writes[index], 'execute_batch', path, index);
}

function errorOf(
  failure: WriteFailure,
  write: Write | undefined,
  operation: StoreOperation,
  path: string,
  index: number | undefined,
): StoreError {
  const { key, entryKey, ...place } = placeOf(write);
  const context = { ...place, path, index };
  if (failure.reason === 'failed') {
    const { cause, outcomeUnknown } = failure;
    return new StoreOperationError(operation, reasonOf(cause), { ...context, key, entryKey, cause, outcomeUnknown });
  }
  return failure.reason === 'exists'
    ? new EntryExistsError(key ?? '', entryKey ?? '', context)
    : new EntryNotFoundError(key ?? '', entryKey, context);
}

/** Where a write was to go. It has a key when it is of one entry. */
export function placeOf(write: Write | undefined): {
  table?: string;
  prefix?: string;
  key?: string;
  entryKey?: string | undefined;
} {
  if (write === undefined) return {};
  const { name: table, prefix } = write;
  if (write.kind === 'erase') return { table, prefix };
  return { table, prefix, key: entryName(prefix, write.key), entryKey: write.key };
}

function operationOf(write: Write): StoreOperation {
  switch (write.kind) {
    case 'put':
    case 'insert':
      return 'insert';
    case 'del':
      return 'delete';
    case 'erase':
      return write.purge ? 'purge' : 'delete';
  }
}
