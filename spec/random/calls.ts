/** Calls on a manager as data: made by fast-check, performed on any backend. */
import fc from 'fast-check';
import type { BatchOperation, Collection, DbManager, State } from '../../lib/index';
import { collect } from '../support/gates';

/** Handles that stand for few actors, so that calls meet. The spelling differs, the table is the same. */
const COLLECTIONS = [
  ['events', ''],
  ['EVENTS', ''],
  ['events', 'a'],
  ['events', 'a'],
  ['Events', 'a.b'],
  ['others', 'a'],
  ['Others', '🙂'],
] as const;
const STATES = [
  ['snapshots', ''],
  ['Snapshots', 'a'],
  ['snapshots', 'a'],
  ['more', '～'],
] as const;

export interface Backend {
  readonly manager: DbManager;
  readonly collections: readonly Collection[];
  readonly states: readonly State[];
}

export async function withHandles(manager: DbManager): Promise<Backend> {
  const collections = COLLECTIONS.map(([table, prefix]) => manager.createCollection(table, prefix));
  const states = STATES.map(([table, prefix]) => manager.createState(table, prefix));
  return { manager, collections: await Promise.all(collections), states: await Promise.all(states) };
}

/** Bytes that are short in a report. */
interface Bytes {
  readonly size: number;
  readonly fill: number;
}

export type SingleWrite =
  | { readonly call: 'put' | 'insert'; readonly on: number; readonly key: string; readonly value: Bytes }
  | { readonly call: 'del'; readonly on: number; readonly key: string }
  | {
      readonly call: 'delRange';
      readonly on: number;
      readonly start: string | undefined;
      readonly end: string | undefined;
    }
  | { readonly call: 'purge'; readonly on: number }
  | { readonly call: 'statePut'; readonly on: number; readonly value: Bytes }
  | { readonly call: 'stateDel' | 'statePurge'; readonly on: number };

export type Write =
  | SingleWrite
  | { readonly call: 'batch'; readonly writes: readonly SingleWrite[]; readonly wrongAt: number | undefined }
  | {
      readonly call: 'create';
      readonly kind: 'collection' | 'state';
      readonly identifier: string;
      readonly prefix: string;
    }
  | { readonly call: 'wrong'; readonly on: number; readonly which: 'key' | 'data' | 'bound' };

export type Read =
  | { readonly call: 'get' | 'find'; readonly on: number; readonly key: string }
  | { readonly call: 'getMany'; readonly on: number; readonly keys: readonly string[] }
  | { readonly call: 'last'; readonly on: number }
  | { readonly call: 'getByRange'; readonly on: number; readonly from: string | undefined; readonly quantity: number }
  | { readonly call: 'stateGet' | 'stateFind'; readonly on: number }
  | { readonly call: 'prefixes'; readonly table: string }
  | {
      readonly call: 'scan';
      readonly on: number;
      readonly start: string | undefined;
      readonly end: string | undefined;
      readonly reverse: boolean;
      readonly limit: number;
      readonly consistent: boolean;
    };

export type Call = Write | Read;

const READS = new Set(['get', 'find', 'getMany', 'last', 'getByRange', 'stateGet', 'stateFind', 'prefixes', 'scan']);

export function isRead(call: Call): call is Read {
  return READS.has(call.call);
}

const on = fc.nat(COLLECTIONS.length - 1);
const onState = fc.nat(STATES.length - 1);
const key = fc.constantFrom('', 'a', 'b', 'b\0', 'b.c', "it's", '10', '9', '～', '🙂', '"]\\u0000');
const bound = fc.option(key, { nil: undefined });
const prefix = fc.constantFrom('', 'a', 'a.b', '🙂');
const value: fc.Arbitrary<Bytes> = fc.record({
  size: fc.oneof(
    { weight: 20, arbitrary: fc.nat(40) },
    { weight: 2, arbitrary: fc.constant(5_000) },
    { weight: 1, arbitrary: fc.constantFrom(300_000, 1_100_000) },
  ),
  fill: fc.nat(255),
});

function weighted<T>(...options: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(...options.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const singleWrite: fc.Arbitrary<SingleWrite> = weighted<SingleWrite>(
  [8, fc.record({ call: fc.constant('put' as const), on, key, value })],
  [4, fc.record({ call: fc.constant('insert' as const), on, key, value })],
  [4, fc.record({ call: fc.constant('del' as const), on, key })],
  [1, fc.record({ call: fc.constant('delRange' as const), on, start: bound, end: bound })],
  [1, fc.record({ call: fc.constant('purge' as const), on })],
  [3, fc.record({ call: fc.constant('statePut' as const), on: onState, value })],
  [2, fc.record({ call: fc.constantFrom('stateDel' as const, 'statePurge' as const), on: onState })],
);

const write: fc.Arbitrary<Write> = weighted<Write>(
  [20, singleWrite],
  [
    5,
    fc.record({
      call: fc.constant('batch' as const),
      // Mostly writes that succeed: a batch with many others would seldom be applied.
      writes: fc.array(
        weighted(
          [4, singleWrite.filter(({ call }) => !['insert', 'del', 'stateDel'].includes(call))],
          [1, singleWrite],
        ),
        {
          maxLength: 8,
        },
      ),
      wrongAt: weighted<number | undefined>([9, fc.constant(undefined)], [1, fc.nat(7)]),
    }),
  ],
  [
    1,
    fc.record({
      call: fc.constant('create' as const),
      kind: fc.constantFrom('collection' as const, 'state' as const),
      identifier: fc.constantFrom('EVENTS', 'others', 'snapshots', 'bad-name', 'sqlite_x', ''),
      prefix,
    }),
  ],
  [
    1,
    fc.record({
      call: fc.constant('wrong' as const),
      on,
      which: fc.constantFrom('key' as const, 'data' as const, 'bound' as const),
    }),
  ],
);

export const read: fc.Arbitrary<Read> = weighted<Read>(
  [4, fc.record({ call: fc.constantFrom('get' as const, 'find' as const), on, key })],
  [2, fc.record({ call: fc.constant('getMany' as const), on, keys: fc.array(key, { maxLength: 12 }) })],
  [1, fc.record({ call: fc.constant('last' as const), on })],
  [
    2,
    fc.record({
      call: fc.constant('getByRange' as const),
      on,
      from: bound,
      quantity: fc.integer({ min: -12, max: 12 }),
    }),
  ],
  [2, fc.record({ call: fc.constantFrom('stateGet' as const, 'stateFind' as const), on: onState })],
  [
    1,
    fc.record({
      call: fc.constant('prefixes' as const),
      table: fc.constantFrom('events', 'Others', 'SNAPSHOTS', 'more', 'none'),
    }),
  ],
  [
    2,
    fc.record({
      call: fc.constant('scan' as const),
      on,
      start: bound,
      end: bound,
      reverse: fc.boolean(),
      limit: fc.constantFrom(0, 1, 3, 500, Infinity),
      consistent: fc.boolean(),
    }),
  ],
);

/** Puts to many keys at once, for groups and pages that have a full one before them. */
const flood: fc.Arbitrary<Call[]> = fc
  .record({ on, count: fc.integer({ min: 200, max: 700 }), value })
  .map(({ on: target, count, value: { size, fill } }) =>
    Array.from({ length: count }, (_, index) => ({
      call: 'put' as const,
      on: target,
      key: `flood ${String(index).padStart(4, '0')}`,
      value: { size: Math.min(size, 5_000), fill },
    })),
  );

/** Calls that are issued one after the other, none awaited. */
export const burst: fc.Arbitrary<Call[]> = weighted<Call[]>(
  [12, fc.array(weighted<Call>([3, write], [1, read]), { minLength: 1, maxLength: 60, size: 'max' })],
  [1, flood],
);

export function bytesOf({ size, fill }: Bytes): Buffer {
  return Buffer.alloc(size, fill);
}

/** Issues a call. */
export function perform({ manager, collections, states }: Backend, call: Call): Promise<unknown> {
  const collection = collections[(call as { on?: number }).on ?? 0]!;
  const state = states[(call as { on?: number }).on ?? 0]!;
  switch (call.call) {
    case 'put':
      return collection.put(call.key, bytesOf(call.value));
    case 'insert':
      return collection.insert(call.key, bytesOf(call.value));
    case 'del':
      return collection.del(call.key);
    case 'delRange':
      return collection.delRange(call.start, call.end);
    case 'purge':
      return collection.purge();
    case 'statePut':
      return state.put(bytesOf(call.value));
    case 'stateDel':
      return state.del();
    case 'statePurge':
      return state.purge();
    case 'batch':
      return manager.writeBatch(operationsOf({ collections, states }, call));
    case 'create':
      return nameOf(
        call.kind === 'state'
          ? manager.createState(call.identifier, call.prefix)
          : manager.createCollection(call.identifier, call.prefix),
      );
    case 'wrong':
      if (call.which === 'key') return collection.put('\ud800', Buffer.from('x'));
      return call.which === 'data' ? collection.put('a', 'text' as never) : collection.delRange(1 as never);
    case 'get':
      return collection.get(call.key);
    case 'find':
      return collection.find(call.key);
    case 'getMany':
      return collection.getMany(call.keys);
    case 'last':
      return collection.last();
    case 'getByRange':
      return collection.getByRange(call.from, call.quantity);
    case 'stateGet':
      return state.get();
    case 'stateFind':
      return state.find();
    case 'prefixes':
      return collect(manager.prefixes(call.table));
    case 'scan': {
      const { start, end, reverse, limit, consistent } = call;
      return collect(collection.iterRange(start, end, { reverse, limit, consistent }));
    }
  }
}

async function nameOf(making: Promise<Collection | State>): Promise<string[]> {
  const { name, prefix: actor } = await making;
  return [name, actor];
}

function operationsOf(
  { collections, states }: Pick<Backend, 'collections' | 'states'>,
  { writes, wrongAt }: Extract<Write, { call: 'batch' }>,
): BatchOperation[] {
  const operations = writes.map((one): BatchOperation => {
    switch (one.call) {
      case 'put':
      case 'insert':
        return { type: one.call, target: collections[one.on]!, key: one.key, data: bytesOf(one.value) };
      case 'del':
        return { type: 'del', target: collections[one.on]!, key: one.key };
      case 'delRange':
        return { type: 'delRange', target: collections[one.on]!, start: one.start, end: one.end };
      case 'purge':
        return { type: 'purge', target: collections[one.on]! };
      case 'statePut':
        return { type: 'put', target: states[one.on]!, data: bytesOf(one.value) };
      case 'stateDel':
        return { type: 'del', target: states[one.on]! };
      case 'statePurge':
        return { type: 'purge', target: states[one.on]! };
    }
  });
  return wrongAt === undefined ? operations : operations.toSpliced(wrongAt, 0, { type: 'put' } as never);
}
