/** Turns the writes of a group into as few statements as their order allows. */
import type { Write } from '../batch';
import type { Parameter } from './connection';
import { AFTER_EVERY_KEY, PACK_BYTES, packedSize, type PackableRow } from './packing';
import type { Action, Table } from './statements';

/** One call's writes: all of them take effect or none. */
export interface WriteCall {
  readonly writes: readonly Write[];
  /** Told once how it ended; undefined is success. */
  settle(failure: WriteFailure | undefined): void;
}

/** Why a call had no effect. `index` is the write that failed, where it can be told. */
export type WriteFailure =
  | { readonly reason: 'missing' | 'exists'; readonly index: number }
  | {
      readonly reason: 'failed';
      readonly index: number | undefined;
      readonly cause: unknown;
      readonly outcomeUnknown: boolean;
    };

/** A write on its way down: its row, and where it came from. */
export interface Row extends PackableRow {
  readonly call: WriteCall;
  readonly index: number;
}

/** Rows that one statement writes, in their order. */
export interface Run {
  readonly table: Table;
  readonly action: Action;
  readonly rows: Row[];
  /** Bytes in a pack; Infinity when its one row does not fit into a pack. */
  bytes: number;
}

/**
 * The runs of a group, in an order that leaves every effect as if the writes had run one by one. Only writes to the same actor in the same
 * table can tell their order, so a write joins an earlier run of its kind unless a run in between has touched its actor.
 * With `oneByOne` every write is a run of its own.
 */
export function planRuns(calls: readonly WriteCall[], oneByOne = false): Run[] {
  const runs: Run[] = [];
  /** For each table, the runs on it and the last of them that touched each actor. */
  const tables = new Map<string, { runs: Run[]; lastOf: Map<string, number> }>();
  for (const call of calls) {
    for (let index = 0; index < call.writes.length; index++) {
      const write = call.writes[index] as Write;
      const row = rowOf(write, call, index);
      const bytes = packedSize(row);
      const action = actionOf(write);
      let onTable = tables.get(write.table);
      if (onTable === undefined) tables.set(write.table, (onTable = { runs: [], lastOf: new Map() }));
      const alone = oneByOne || bytes === Infinity;
      let position = alone ? onTable.runs.length : (onTable.lastOf.get(write.prefix) ?? 0);
      while (position < onTable.runs.length && !joins(onTable.runs[position] as Run, action, bytes)) position++;
      let run = onTable.runs[position];
      if (run === undefined) {
        run = { table: { name: write.table, shape: shapeOf(write) }, action, rows: [], bytes: 0 };
        onTable.runs.push(run);
        runs.push(run);
      }
      run.rows.push(row);
      run.bytes += bytes;
      onTable.lastOf.set(write.prefix, position);
    }
  }
  return runs;
}

function joins(run: Run, action: Action, bytes: number): boolean {
  return run.action === action && run.bytes + bytes <= PACK_BYTES;
}

function rowOf(write: Write, call: WriteCall, index: number): Row {
  const { prefix } = write;
  switch (write.kind) {
    case 'put':
    case 'insert':
      return { prefix, key: write.key ?? '', last: write.data, call, index };
    case 'del':
      return { prefix, key: write.key ?? '', last: '', call, index };
    case 'erase':
      return { prefix, key: write.start ?? '', last: write.end ?? AFTER_EVERY_KEY, call, index };
  }
}

function actionOf(write: Write): Action {
  if (write.kind !== 'erase') return write.kind;
  return write.purge ? 'purge' : 'delRange';
}

function shapeOf(write: Write): Table['shape'] {
  if (write.kind === 'erase') return write.shape;
  return write.key === undefined ? 'state' : 'collection';
}

/** What `writeOne` binds for a row. */
export function parametersOf(
  { table: { shape }, action }: Pick<Run, 'table' | 'action'>,
  { prefix, key, last }: Row,
): Parameter[] {
  switch (action) {
    case 'purge':
      return [prefix];
    case 'delRange':
      return [prefix, key, last];
    case 'del':
      return shape === 'state' ? [prefix] : [prefix, key];
    case 'put':
    case 'insert':
      return shape === 'state' ? [prefix, last] : [prefix, key, last];
  }
}
