import assert from 'node:assert/strict';
import type { IterationOptions } from '../contracts';
import { bytes, drain, fill, fillMany, handlesOf, holds, keysOf, orderedKeys } from './kit';
import type { Kit } from './kit';

/** Iterations with `consistent: true`. */
export function testConsistentIterations({ backend, describe, test, leaveOut, manyEntries }: Kit): void {
  describe('a consistent iteration', () => {
    if (!backend.consistentIterations) {
      leaveOut('consistent iterations');
      return;
    }
    const consistent = true;

    test('shows the moment of its first pull, whatever is purged, put or deleted meanwhile', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      for (const options of [{ consistent }, { consistent, reverse: true }] satisfies IterationOptions[]) {
        await fillMany(manager, collection, keys);
        const iterator = await collection.iter(options);
        const first = await iterator.next();
        await collection.purge();
        await Promise.all([fill(collection, keys[5] ?? '', '', 'z'), state.put(bytes('1'))]);
        const entries = await drain(iterator);
        const expected = 'reverse' in options ? keys.toReversed() : keys;
        assert.deepEqual([first.value?.[0], ...keysOf(entries)], expected);
        assert.ok(entries.every(([key, value]) => value.toString() === key));
        await collection.purge();
      }
    });

    test('shows what was written before its first pull, not only before the call', async (manager) => {
      const { collection } = await handlesOf(manager);
      const iterator = await collection.iter({ consistent });
      await fill(collection, 'a=1');
      assert.deepEqual(keysOf(await drain(iterator)), ['a']);
    });

    test('never shows half a batch', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      const writeAll = (text: string): Promise<void> =>
        manager.writeBatch(keys.map((key) => ({ type: 'put', target: collection, key, data: bytes(text) })));
      await writeAll('0');
      for (let round = 1; round <= 3; round++) {
        const written = writeAll(String(round));
        const entries = await drain(collection.iter({ consistent }));
        assert.equal(entries.length, keys.length);
        assert.equal(new Set(entries.map(([, value]) => value.toString())).size, 1);
        await written;
      }
    });

    test('takes bounds, a direction, a limit and a signal as any other', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b', 'c', 'd');
      const { signal } = new AbortController();
      const range = collection.iterRange('a', 'c', { consistent, reverse: true, limit: 2, signal });
      assert.deepEqual(keysOf(await drain(range)), ['c', 'b']);
      assert.deepEqual(await drain(collection.iter({ consistent, limit: 0 })), []);
    });

    test('keeps no write waiting', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a=1', 'b=1');
      for await (const [key, value] of collection.iter({ consistent })) {
        await collection.put(key, Buffer.concat([value, bytes('!')]));
        await collection.put(`${key}.5`, bytes('new'));
      }
      await holds(collection, 'a=1!', 'a.5=new', 'b=1!', 'b.5=new');
    });

    test('frees what it holds when it ends, however it ends', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(manager, collection, orderedKeys(manyEntries));
      for (let round = 0; round < 6; round++) {
        for await (const [key] of collection.iter({ consistent })) {
          assert.equal(Number(key), 0);
          break;
        }
        const controller = new AbortController();
        const aborted = await collection.iter({ consistent, signal: controller.signal });
        await aborted.next();
        controller.abort();
        await assert.rejects(aborted.next());
        assert.equal((await drain(collection.iter({ consistent }))).length, manyEntries);
      }
    });

    test('is open four times at once; one too many rejects and never waits', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const four = await Promise.all([1, 2, 3, 4].map(() => collection.iter({ consistent })));
      for (const iterator of four) assert.equal((await iterator.next()).value?.[0], 'a');
      const fifth = await collection.iter({ consistent });
      // A backend to which they cost nothing may give more than four.
      await fifth.next().catch((error: unknown) => {
        const { code, operation } = error as { code?: unknown; operation?: unknown };
        assert.deepEqual({ code, operation }, { code: 'STORE', operation: 'read_view_limit' });
      });
      await Promise.all([...four, fifth].map((iterator) => iterator.return()));
      assert.equal((await drain(collection.iter({ consistent }))).length, 2);
    });
  });
}
