import assert from 'node:assert/strict';
import type { BatchOperation } from '../contracts';
import { bytes, drain, fill, fillMany, handlesOf, holds, keysOf, orderedKeys, refuses, rejects, textOf } from './kit';
import type { Expected, Handles, Kit } from './kit';

const data = bytes('new');

/** An operation that fails on a store that holds `k=old` and no state. */
const FAILING: Readonly<Record<string, { operation: (handles: Handles) => BatchOperation; error: Expected }>> = {
  'a del of a missing key': {
    operation: ({ collection: target }) => ({ type: 'del', target, key: 'missing' }),
    error: { code: 'ENTRY_NOT_FOUND', key: 'a.missing' },
  },
  'a del of a missing state': {
    operation: ({ state: target }) => ({ type: 'del', target }),
    error: { code: 'ENTRY_NOT_FOUND', key: 'a' },
  },
  'an insert of an existing key': {
    operation: ({ collection: target }) => ({ type: 'insert', target, key: 'k', data }),
    error: { code: 'ENTRY_EXISTS', key: 'a.k', entryKey: 'k' },
  },
};

/** All operations of a batch or none. */
export function testBatches({ describe, test, manyEntries }: Kit): void {
  describe('a batch', () => {
    test('writes to collections and states of several actors and tables at once', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const other = await manager.createCollection('others', 'b');
      await fill(other, 'gone=1', 'stays=2');
      await manager.writeBatch([
        { type: 'put', target: collection, key: 'k1', data: bytes('1') },
        { type: 'insert', target: collection, key: 'k2', data: bytes('2') },
        { type: 'del', target: other, key: 'gone' },
        { type: 'put', target: state, data: bytes('3') },
      ]);
      await holds(collection, 'k1=1', 'k2=2');
      await holds(other, 'stays=2');
      assert.equal(textOf(await state.get()), '3');
    });

    test('of no operations succeeds', async (manager) => {
      await manager.writeBatch([]);
      await manager.writeBatch(new Set<BatchOperation>());
      const { collection } = await handlesOf(manager);
      await holds(collection);
    });

    test('applies its operations in order, and each sees the ones before', async (manager) => {
      const { collection: target, state } = await handlesOf(manager);
      await fill(target, 'old1', 'old2', 'old3');
      await manager.writeBatch([
        { type: 'put', target, key: 'a', data: bytes('1') },
        { type: 'put', target, key: 'a', data: bytes('2') },
        { type: 'del', target, key: 'a' },
        { type: 'insert', target, key: 'a', data: bytes('3') },
        { type: 'del', target, key: 'old1' },
        { type: 'delRange', target, start: 'old2', end: 'old2' },
        { type: 'put', target, key: 'old2', data: bytes('4') },
        { type: 'put', target: state, data: bytes('5') },
        { type: 'del', target: state },
        { type: 'put', target: state, data: bytes('6') },
      ]);
      await holds(target, 'a=3', 'old2=4', 'old3=');
      assert.equal(textOf(await state.get()), '6');
      await manager.writeBatch([
        { type: 'put', target, key: 'lost', data: bytes('7') },
        { type: 'purge', target },
        { type: 'put', target, key: 'kept', data: bytes('8') },
        { type: 'purge', target: state },
      ]);
      await holds(target, 'kept=8');
      assert.equal(await state.find(), undefined);
      await manager.writeBatch([
        { type: 'purge', target: state },
        { type: 'delRange', target },
      ]);
      await holds(target);
    });

    test('takes open bounds in delRange', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      await fill(target, 'a', 'b', 'c', 'd');
      await manager.writeBatch([
        { type: 'delRange', target, start: 'd' },
        { type: 'delRange', target, end: 'a' },
        { type: 'delRange', target, start: 'z', end: 'b' },
      ]);
      await holds(target, 'b=', 'c=');
    });

    test('may have thousands of operations', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      assert.deepEqual(keysOf(await drain(collection.iter())), keys);
      await manager.writeBatch(keys.map((key) => ({ type: 'del', target: collection, key })));
      await holds(collection);
    });
  });

  describe('a batch that fails', () => {
    for (const [title, { operation, error }] of Object.entries(FAILING)) {
      test(`leaves nothing behind, and names the operation: ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        const { collection, state } = handles;
        const other = await manager.createCollection('others', 'b');
        await fill(collection, 'k=old');
        await fill(other, 'k=old');
        const fine: BatchOperation[] = [
          { type: 'put', target: collection, key: 'new', data },
          { type: 'put', target: collection, key: 'k', data },
          { type: 'insert', target: other, key: 'new', data },
          { type: 'purge', target: other },
        ];
        for (const at of [0, 2, 4]) {
          const operations = fine.toSpliced(at, 0, operation(handles));
          await rejects(
            () => manager.writeBatch(operations),
            { ...error, message: new RegExp(`\\b${at}\\b`) },
            `at ${at}`,
          );
          await holds(collection, 'k=old');
          await holds(other, 'k=old');
          assert.equal(await state.find(), undefined);
        }
      });
    }

    test('fails for what an earlier operation of it did', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      await fill(target, 'k=old');
      const twice: BatchOperation[] = [
        { type: 'del', target, key: 'k' },
        { type: 'del', target, key: 'k' },
      ];
      await rejects(() => manager.writeBatch(twice), { code: 'ENTRY_NOT_FOUND', key: 'a.k' });
      const both: BatchOperation[] = [
        { type: 'insert', target, key: 'new', data },
        { type: 'insert', target, key: 'new', data },
      ];
      await rejects(() => manager.writeBatch(both), { code: 'ENTRY_EXISTS', key: 'a.new' });
      const purged: BatchOperation[] = [
        { type: 'purge', target },
        { type: 'del', target, key: 'k' },
      ];
      await rejects(() => manager.writeBatch(purged), { code: 'ENTRY_NOT_FOUND', key: 'a.k' });
      await holds(target, 'k=old');
    });

    test('harms none of the writes before and after it', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      const before = target.put('before', data);
      const failed = manager.writeBatch([
        { type: 'del', target, key: 'before' },
        { type: 'del', target, key: 'missing' },
      ]);
      const after = target.put('after', data);
      await rejects(() => failed, { code: 'ENTRY_NOT_FOUND', key: 'a.missing' });
      await Promise.all([before, after]);
      await holds(target, 'after=new', 'before=new');
    });

    test('rejects with what its iterable throws', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      function* operations(): Generator<BatchOperation> {
        yield { type: 'put', target, key: 'k', data };
        throw Object.assign(new Error('no more operations'), { code: 'MINE' });
      }
      await rejects(() => manager.writeBatch(operations()), { code: 'MINE' });
      const hostile = {
        type: 'put' as const,
        target,
        key: 'k',
        get data(): Uint8Array {
          throw Object.assign(new Error('no data'), { code: 'MINE' });
        },
      };
      await rejects(() => manager.writeBatch([{ type: 'put', target, key: 'k', data }, hostile]), { code: 'MINE' });
      await holds(target);
    });
  });

  describe('the operations of a batch', () => {
    test('are read before the call returns', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      let finished = false;
      function* operations(): Generator<BatchOperation> {
        yield { type: 'put', target, key: 'a', data };
        yield { type: 'put', target, key: 'b', data };
        finished = true;
      }
      const written = manager.writeBatch(operations());
      assert.equal(finished, true);
      await written;
      await holds(target, 'a=new', 'b=new');
    });

    test('are those of the call, whatever the caller does with the objects afterwards', async (manager) => {
      const { collection: target } = await handlesOf(manager);
      const operation = { type: 'put' as const, target, key: 'k', data: bytes('before') };
      const operations: BatchOperation[] = [operation];
      const written = manager.writeBatch(operations);
      operations.push({ type: 'put', target, key: 'later', data });
      operation.key = 'changed';
      operation.data.write('after!');
      await written;
      await holds(target, 'k=before');
    });

    test('must have handles of this manager as targets', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const lookalikes = [
        undefined,
        null,
        'events',
        {},
        { ...collection },
        Object.create(collection) as unknown,
        { name: 'events', prefix: 'a' },
      ];
      for (const target of [...lookalikes, { ...state }, manager] as (typeof collection)[]) {
        const operations: BatchOperation[] = [
          { type: 'put', target: collection, key: 'k', data },
          { type: 'put', target, key: 'k', data },
        ];
        await refuses(() => manager.writeBatch(operations), /\b1\b/);
      }
      await holds(collection);
    });
  });
}
