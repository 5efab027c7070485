import assert from 'node:assert/strict';
import {
  bytes,
  drain,
  fill,
  fillMany,
  handlesOf,
  holds,
  keysOf,
  orderedKeys,
  rejects,
  textOf,
  withManager,
} from './kit';
import type { Kit } from './kit';

/** What outlives a manager: reopening, durability, backup. */
export function testKeeping({ backend, describe, test, leaveOut, manyEntries }: Kit): void {
  const { reopen, killed, backup } = backend;

  describe('a reopened store', () => {
    if (reopen === false) {
      leaveOut('reopening');
      return;
    }

    test('holds what resolved before the stop, in order, bytes and keys unchanged', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const keys = ['', '\0', 'a.b', "it's", '\uffff', '🙂'];
      await Promise.all(keys.map((key) => collection.put(key, bytes(key))));
      await Promise.all([fill(await manager.createCollection('events', ''), 'k=1'), state.put(Buffer.of(0, 255))]);
      await manager.stop();
      await withManager(reopen(manager), async (again) => {
        const { collection: events, state: snapshot } = await handlesOf(again);
        await holds(events, ...keys.map((key) => `${key}=${key}`));
        assert.deepEqual([...(await snapshot.get())], [0, 255]);
        assert.deepEqual(await drain(again.prefixes('events')), ['', 'a']);
      });
    });

    test('holds every write that was issued before the stop, awaited or not', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      const writes: Promise<unknown>[] = keys.map((key) => collection.put(key, bytes(key)));
      writes.push(
        manager.writeBatch([
          { type: 'put', target: state, data: bytes('1') },
          { type: 'del', target: collection, key: keys[0] ?? '' },
        ]),
      );
      await Promise.all([...writes, manager.stop()]);
      await withManager(reopen(manager), async (again) => {
        const { collection: events, state: snapshot } = await handlesOf(again);
        assert.deepEqual(keysOf(await drain(events.iter())), keys.slice(1));
        assert.equal(textOf(await snapshot.get()), '1');
      });
    });

    test('holds nothing of what was deleted, purged or rejected', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      await fill(collection, 'a', 'b=1', 'c', 'd');
      await Promise.all([collection.del('a'), collection.delRange('c', 'd'), state.put(bytes('1')), state.purge()]);
      const batch = manager.writeBatch([
        { type: 'purge', target: collection },
        { type: 'del', target: state },
      ]);
      await rejects(() => batch, { code: 'ENTRY_NOT_FOUND' });
      await rejects(() => collection.insert('b', bytes('2')), { code: 'ENTRY_EXISTS' });
      await manager.stop();
      await withManager(reopen(manager), async (again) => {
        const { collection: events, state: snapshot } = await handlesOf(again);
        await holds(events, 'b=1');
        assert.equal(await snapshot.find(), undefined);
      });
    });

    test('is as writable as a new one, time after time', async (manager) => {
      let current = manager;
      for (let round = 0; round < 3; round++) {
        const { collection } = await handlesOf(current);
        await collection.insert(String(round), bytes(''));
        if (round > 0) await rejects(() => collection.insert('0', bytes('')), { code: 'ENTRY_EXISTS', key: 'a.0' });
        await current.stop();
        current = await reopen(current);
      }
      await withManager(Promise.resolve(current), async (again) => {
        const { collection } = await handlesOf(again);
        assert.deepEqual(keysOf(await drain(collection.iter())), ['0', '1', '2']);
      });
    });

    test('knows which table is of which kind', async (manager) => {
      await handlesOf(manager);
      await manager.stop();
      await withManager(reopen(manager), async (again) => {
        await rejects(() => again.createState('EVENTS', 'a'), { code: 'CREATE_STORE' });
        await rejects(() => again.createCollection('Snapshots', 'a'), { code: 'CREATE_STORE' });
      });
    });
  });

  describe('a killed process', () => {
    if (killed === false) {
      leaveOut('durability');
      return;
    }

    test('leaves every write that had resolved, and batches whole', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await Promise.all(keys.map((key) => collection.put(key, bytes(key))));
      await manager.writeBatch([
        { type: 'delRange', target: collection, start: keys[3] },
        { type: 'put', target: state, data: bytes('1') },
      ]);
      await collection.del(keys[0] ?? '');
      await rejects(
        () =>
          manager.writeBatch([
            { type: 'purge', target: collection },
            { type: 'del', target: collection, key: 'x' },
          ]),
        { code: 'ENTRY_NOT_FOUND' },
      );
      await withManager(killed(manager), async (survivor) => {
        const { collection: events, state: snapshot } = await handlesOf(survivor);
        assert.deepEqual(keysOf(await drain(events.iter())), keys.slice(1, 3));
        assert.equal(textOf(await snapshot.get()), '1');
        await fill(events, 'more');
      });
      assert.equal((await drain(collection.iter())).length, 2);
    });
  });

  describe('a backup', () => {
    if (backup === false) {
      leaveOut('backup');
      return;
    }

    test('holds what was there when it was made, and goes its own way', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      await state.put(bytes('1'));
      await withManager(backup(manager), async (copy) => {
        await Promise.all([collection.purge(), state.put(bytes('2'))]);
        const { collection: events, state: snapshot } = await handlesOf(copy);
        assert.deepEqual(keysOf(await drain(events.iter())), keys);
        assert.equal(textOf(await snapshot.get()), '1');
        await Promise.all([events.purge(), snapshot.put(bytes('3'))]);
        await holds(collection);
        assert.equal(textOf(await state.get()), '2');
      });
    });
  });
}
