import { bytes, drain, fill, handlesOf, holds, pull, refuses, textOf } from './kit';
import type { Handles, Kit } from './kit';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { BatchOperation, Collection } from '../contracts';

const lone = ['\ud800', 'a\udc00b', '🙂\ud83d'];
const noText = [null, 1, 1n, true, {}, ['a'], Symbol('a'), Buffer.from('a'), new String('a'), ...lone];
const noKey = [undefined, ...noText];
const noData = [
  ...['text', '', 1, 1n, null, undefined, true, {}, [1, 2], { length: 1, 0: 1 }, new Date(0)],
  ...[new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), new Uint16Array(2), new Uint8ClampedArray(2)],
];
const noQuantity = [1.5, NaN, Infinity, -Infinity, 2 ** 53, '1', 1n, null, undefined, {}];
const noOptions = [
  ...['reverse', 1, null, { reverse: 1 }, { consistent: 'yes' }, { limit: -1 }, { limit: 1.5 }, { limit: NaN }],
  ...[{ limit: '1' }, { limit: null }, { signal: {} }, { signal: true }],
];
const noIterable = [undefined, null, 1, true, {}, drain];
const noIdentifier = [undefined, null, 1, {}, ['events']];

/** A wrong argument of a method: what the message must name, the values, and the call. */
interface WrongArgument {
  readonly names: string | RegExp;
  readonly values: readonly unknown[];
  readonly call: (handles: Handles, wrong: never) => PromiseLike<unknown>;
}

function inBatch(
  names: string | RegExp,
  values: readonly unknown[],
  operation: (collection: Collection, wrong: unknown) => object,
): WrongArgument {
  return {
    names,
    values,
    call: ({ manager, collection }, wrong) =>
      manager.writeBatch([{ type: 'purge', target: collection }, operation(collection, wrong) as BatchOperation]),
  };
}

const data = bytes('new');

const WRONG: Readonly<Record<string, WrongArgument>> = {
  'get of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.get(key) },
  'find of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.find(key) },
  'getMany of no iterable': {
    names: 'keys',
    values: noIterable,
    call: ({ collection }, keys) => collection.getMany(keys),
  },
  'getMany of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.getMany(['k', key]) },
  'put of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.put(key, data) },
  'put of data': { names: 'data', values: noData, call: ({ collection }, wrong) => collection.put('k', wrong) },
  'insert of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.insert(key, data) },
  'insert of data': { names: 'data', values: noData, call: ({ collection }, wrong) => collection.insert('new', wrong) },
  'del of a key': { names: 'key', values: noKey, call: ({ collection }, key) => collection.del(key) },
  'iter of options': {
    names: 'options',
    values: noOptions,
    call: ({ collection }, options) => pull(collection.iter(options)),
  },
  'iterRange of a start': {
    names: 'start',
    values: noText,
    call: ({ collection }, start) => pull(collection.iterRange(start)),
  },
  'iterRange of an end': {
    names: 'end',
    values: noText,
    call: ({ collection }, end) => pull(collection.iterRange('a', end)),
  },
  'iterRange of options': {
    names: 'options',
    values: noOptions,
    call: ({ collection }, options) => pull(collection.iterRange('a', 'b', options)),
  },
  'getByRange of a from': {
    names: 'from',
    values: noText,
    call: ({ collection }, from) => collection.getByRange(from, 1),
  },
  'getByRange of a quantity': {
    names: 'quantity',
    values: noQuantity,
    call: ({ collection }, quantity) => collection.getByRange('k', quantity),
  },
  'delRange of a start': {
    names: 'start',
    values: noText,
    call: ({ collection }, start) => collection.delRange(start),
  },
  'delRange of an end': { names: 'end', values: noText, call: ({ collection }, end) => collection.delRange('a', end) },
  'put of a state': { names: 'data', values: noData, call: ({ state }, wrong) => state.put(wrong) },
  'createCollection of an identifier': {
    names: 'identifier',
    values: noIdentifier,
    call: ({ manager }, identifier) => manager.createCollection(identifier, 'a'),
  },
  'createCollection of a prefix': {
    names: 'prefix',
    values: noKey,
    call: ({ manager }, prefix) => manager.createCollection('events', prefix),
  },
  'createState of an identifier': {
    names: 'identifier',
    values: noIdentifier,
    call: ({ manager }, identifier) => manager.createState(identifier, 'a'),
  },
  'createState of a prefix': {
    names: 'prefix',
    values: noKey,
    call: ({ manager }, prefix) => manager.createState('snapshots', prefix),
  },
  'prefixes of an identifier': {
    names: 'identifier',
    values: noIdentifier,
    call: ({ manager }, identifier) => pull(manager.prefixes(identifier)),
  },
  'writeBatch of no iterable': {
    names: 'operations',
    values: noIterable,
    call: ({ manager }, operations) => manager.writeBatch(operations),
  },
  'writeBatch of no operation': {
    names: /\b1\b/,
    values: [undefined, null, 1, 'put', true],
    call: ({ manager, collection }, operation) =>
      manager.writeBatch([{ type: 'purge', target: collection }, operation]),
  },
  'writeBatch of a type': inBatch(/\b1\b/, [undefined, null, 'PUT', 'get', '', 1], (target, type) => ({
    type,
    target,
    key: 'k',
    data,
  })),
  'writeBatch of a put key': inBatch(/key.*\b1\b|\b1\b.*key/, noKey, (target, key) => ({
    type: 'put',
    target,
    key,
    data,
  })),
  'writeBatch of an insert key': inBatch(/\b1\b/, noKey, (target, key) => ({ type: 'insert', target, key, data })),
  'writeBatch of a del key': inBatch(/\b1\b/, noKey, (target, key) => ({ type: 'del', target, key })),
  'writeBatch of put data': inBatch(/data.*\b1\b|\b1\b.*data/, noData, (target, wrong) => ({
    type: 'put',
    target,
    key: 'k',
    data: wrong,
  })),
  'writeBatch of insert data': inBatch(/\b1\b/, noData, (target, wrong) => ({
    type: 'insert',
    target,
    key: 'new',
    data: wrong,
  })),
  'writeBatch of a delRange start': inBatch(/\b1\b/, noText, (target, start) => ({ type: 'delRange', target, start })),
  'writeBatch of a delRange end': inBatch(/\b1\b/, noText, (target, end) => ({ type: 'delRange', target, end })),
  'writeBatch of a type that a state does not have': {
    names: /\b1\b/,
    values: ['insert', 'delRange'],
    call: ({ manager, collection, state }, type) =>
      manager.writeBatch([
        { type: 'purge', target: collection },
        { type, target: state, data },
      ]),
  },
};

/** Whatever is wrong with an argument, the call rejects and nothing happens. */
export function testArguments({ describe, test }: Kit): void {
  describe('a wrong argument', () => {
    for (const [title, { names, values, call }] of Object.entries(WRONG)) {
      test(`is a TypeError by rejection and harms nothing: ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        const { collection, state } = handles;
        await Promise.all([fill(collection, 'k=1', 'l=2'), state.put(bytes('3'))]);
        for (const value of values) {
          await refuses(() => call(handles, value as never), names, `for ${inspect(value)}`);
        }
        await holds(collection, 'k=1', 'l=2');
        assert.equal(textOf(await state.get()), '3');
        assert.deepEqual(await drain(manager.prefixes('events')), ['a']);
        await Promise.all([collection.put('k', data), state.put(data)]);
        assert.deepEqual([textOf(await collection.get('k')), textOf(await state.get())], ['new', 'new']);
      });
    }

    test('is not shown in the message, nor is any value', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const secret = bytes('the secret');
      await collection.put('k', secret);
      const outcomes = await Promise.allSettled([
        collection.put('k', 'the secret' as never),
        state.put(['the secret'] as never),
        collection.insert('k', secret),
        manager.writeBatch([{ type: 'insert', target: collection, key: 'k', data: secret }]),
        manager.writeBatch([{ type: 'put', target: state, data: 'the secret' as never }]),
      ]);
      for (const outcome of outcomes) {
        assert.equal(outcome.status, 'rejected');
        assert.doesNotMatch((outcome.reason as Error).message, /secret/);
      }
    });

    test('fails alone among calls that nobody awaits', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const outcomes = await Promise.allSettled([
        collection.put('a', bytes('1')),
        collection.put('b', 'text' as never),
        collection.del('\ud800'),
        state.put(bytes('2')),
        manager.writeBatch([{ type: 'purge', target: collection }, 1 as never]),
        collection.put('c', bytes('3')),
      ]);
      assert.equal(outcomes.map(({ status }) => status[0]).join(''), 'frrfrf');
      await holds(collection, 'a=1', 'c=3');
    });
  });
}
