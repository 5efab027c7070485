/** What a failed write becomes for its caller, and what is known of the place where it happened. */
import type { Write } from '../batch';
import {
  EntryExistsError,
  EntryNotFoundError,
  StoreOperationError,
  reasonOf,
  type StoreError,
  type StoreOperation,
} from '../errors';
import type { WriteFailure } from './write-plan';

/** How entries are named in errors: `prefix.key`, the bare prefix for a state. */
export function entryName(prefix: string, key: string | undefined): string {
  return key === undefined ? prefix : `${prefix}.${key}`;
}

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
  const context = { table: write?.name, prefix: write?.prefix, path, index };
  if (failure.reason === 'failed') {
    const { cause, outcomeUnknown } = failure;
    return new StoreOperationError(operation, reasonOf(cause), { ...context, cause, outcomeUnknown });
  }
  const key = write === undefined || write.kind === 'erase' ? undefined : write.key;
  const name = entryName(write?.prefix ?? '', key);
  return failure.reason === 'exists'
    ? new EntryExistsError(name, key ?? '', context)
    : new EntryNotFoundError(name, key, context);
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
