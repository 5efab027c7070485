import assert from 'node:assert/strict';
import type { Collection, Entry, EntryIterator, Iteration } from '../contracts';
import {
  bytes,
  drain,
  fill,
  fillMany,
  givesNothing,
  handlesOf,
  holds,
  keysOf,
  orderedKeys,
  refuses,
  rejects,
  isDone,
} from './kit';
import type { Kit } from './kit';

/** The iterator protocol, and what an iteration sees of the writes around it. */
export function testIterations({ describe, test, manyEntries }: Kit): void {
  describe('an iteration', () => {
    test('is a promise of one iterator, and is itself async-iterable', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b', 'c');
      const ways: (() => Iteration<unknown>)[] = [
        () => collection.iter(),
        () => collection.iterRange('a', 'b'),
        () => manager.prefixes('events'),
      ];
      for (const start of ways) {
        const iteration = start();
        const iterator = await iteration;
        assert.equal(iteration[Symbol.asyncIterator](), iterator);
        assert.equal(iterator[Symbol.asyncIterator](), iterator);
        assert.equal(await iteration.then((same) => same === iterator), true);
      }
      assert.deepEqual(keysOf(await drain(await collection.iter())), ['a', 'b', 'c']);
      assert.deepEqual(keysOf(await drain(collection.iter())), ['a', 'b', 'c']);
    });

    test('gives its entries once', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const iteration = collection.iter();
      assert.deepEqual(keysOf(await drain(iteration)), ['a', 'b']);
      assert.deepEqual(await drain(iteration), []);
      isDone(await (await iteration).next());
    });

    test('answers overlapping next calls in call order, over page boundaries and past the end', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const iterator = await collection.iter();
      const answered: number[] = [];
      const calls = [...keys, 'end', 'end'].map(async (_, index) => {
        const result = await iterator.next();
        answered.push(index);
        return result.done === true ? 'end' : result.value[0];
      });
      assert.deepEqual(await Promise.all(calls), [...keys, 'end', 'end']);
      assert.deepEqual(answered, orderedKeys(answered.length).map(Number));
    });

    test('can be left early and started again', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(manager, collection, orderedKeys(manyEntries));
      for (let round = 0; round < 10; round++) {
        const iteration = collection.iter();
        for await (const [key] of iteration) {
          assert.equal(Number(key), 0);
          break;
        }
        assert.deepEqual(await drain(iteration), []);
      }
    });

    test('ends when the loop throws, with what the loop threw', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const iteration = collection.iter();
      const loop = async (): Promise<void> => {
        for await (const [key] of iteration) throw Object.assign(new Error(key), { code: 'MINE' });
      };
      await rejects(loop, { code: 'MINE', message: 'a' });
      assert.deepEqual(await drain(iteration), []);
    });

    test('ends with return, before the first pull, while one is answered and afterwards', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b', 'c');
      const unused = await collection.iter();
      isDone(await unused.return());
      isDone(await unused.next());
      const overlapped = await collection.iter();
      const [first, returned, after] = await Promise.all([overlapped.next(), overlapped.return(), overlapped.next()]);
      assert.equal(first.value?.[0], 'a');
      isDone(returned);
      isDone(after);
      isDone(await overlapped.return());
    });

    test('ends with its asyncDispose', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const iterator = await collection.iter();
      await iterator.next();
      await givesNothing(iterator[Symbol.asyncDispose]());
      isDone(await iterator.next());
    });

    test('fulfils its promise whatever is wrong, and rejects the first pull alone', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a');
      const wrong: [Iteration<unknown>, RegExp][] = [
        [collection.iter('backwards' as never), /options/],
        [collection.iter({ limit: -1 }), /limit/],
        [collection.iterRange(1 as never), /start/],
        [collection.iterRange('a', '\ud800'), /end/],
        [manager.prefixes(1 as never), /identifier/],
      ];
      for (const [iteration, argument] of wrong) {
        const iterator = await iteration;
        await refuses(() => iterator.next(), argument);
        isDone(await iterator.next());
        isDone(await iterator.return());
      }
    });

    test('that fails rejects the pulls after the failing one not again, also when they overlap', async (manager) => {
      const { collection } = await handlesOf(manager);
      const iterator = await collection.iter({ limit: -1 });
      const outcomes = await Promise.allSettled([iterator.next(), iterator.next(), iterator.return()]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'fulfilled', 'fulfilled'],
      );
    });

    test('that nobody pulls leaves no rejection unhandled', async (manager) => {
      const { collection } = await handlesOf(manager);
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', note);
      try {
        void collection.iter({ limit: -1 });
        void collection.iterRange(1 as never);
        void manager.prefixes('bad-name');
        void collection.iter({ signal: AbortSignal.abort() });
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(unhandled, []);
      } finally {
        process.off('unhandledRejection', note);
      }
    });
  });

  describe('an iteration beside writes', () => {
    const started = async (collection: Collection, reverse = false): Promise<EntryIterator<Entry>> => {
      const iterator = await collection.iter(reverse);
      await iterator.next();
      return iterator;
    };

    test('sees what is put beyond its pages, and not what is put behind its cursor', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys.slice(1));
      const ascending = await started(collection);
      await fill(collection, keys[0] ?? '', 'z');
      assert.deepEqual(keysOf(await drain(ascending)), [...keys.slice(2), 'z']);
      await collection.del('z');
      const descending = await started(collection, true);
      await fill(collection, '', 'z');
      assert.deepEqual(keysOf(await drain(descending)), ['', ...keys].toReversed().slice(1));
    });

    test('does not deliver what is deleted beyond its pages', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const iterator = await started(collection);
      await Promise.all([collection.del(keys.at(-1) ?? ''), collection.del(keys.at(-3) ?? '')]);
      const expected = [...keys.slice(1, -3), keys.at(-2)];
      assert.deepEqual(keysOf(await drain(iterator)), expected);
    });

    test('advances strictly, and gives no key twice, while its body writes everywhere', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const seen: string[] = [];
      for await (const [key] of collection.iter()) {
        seen.push(key);
        if (seen.length % 200 === 1) {
          await Promise.all([
            collection.put(key, bytes('again')),
            collection.put(`${key}.5`, bytes('')),
            fill(collection, ''),
          ]);
        }
      }
      const advances = seen.every((key, index) => index === 0 || (seen[index - 1] ?? '') < key);
      assert.ok(advances, 'a key did not advance');
      assert.deepEqual(
        seen.filter((key) => !key.includes('.')),
        keys,
      );
    });

    test('waits for nobody: its body may await writes through the same handle', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      await fill(collection, 'a=1', 'b=1', 'c=1');
      for await (const [key, value] of collection.iter()) {
        await collection.put(key, Buffer.concat([value, bytes('!')]));
        await manager.writeBatch([{ type: 'put', target: state, data: bytes(key) }]);
      }
      await holds(collection, 'a=1!', 'b=1!', 'c=1!');
    });

    test('goes on beside a hundred others', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(50);
      await fillMany(manager, collection, keys);
      const all = await Promise.all(orderedKeys(100).map(() => drain(collection.iter())));
      for (const entries of all) assert.deepEqual(keysOf(entries), keys);
    });
  });

  describe('the signal of an iteration', () => {
    const reason = Object.assign(new Error('enough'), { code: 'MINE' });

    test('rejects the first pull with its reason when it was aborted before', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const iterator = await collection.iter({ signal: AbortSignal.abort(reason) });
      await rejects(() => iterator.next(), { code: 'MINE' });
      isDone(await iterator.next());
    });

    test('rejects the pull that it interrupts', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const controller = new AbortController();
      const iterator = await collection.iter({ signal: controller.signal });
      const interrupted = iterator.next();
      controller.abort(reason);
      await rejects(() => interrupted, { code: 'MINE' });
      isDone(await iterator.next());
    });

    test('rejects the next pull when it is aborted between two, also within a page', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b', 'c');
      const controller = new AbortController();
      const seen: string[] = [];
      const loop = async (): Promise<void> => {
        for await (const [key] of collection.iterRange('a', 'c', { signal: controller.signal })) {
          seen.push(key);
          controller.abort(reason);
        }
      };
      await rejects(loop, { code: 'MINE' });
      assert.deepEqual(seen, ['a']);
    });

    test('that is never aborted changes nothing', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b');
      const { signal } = new AbortController();
      assert.deepEqual(keysOf(await drain(collection.iter({ signal, reverse: true }))), ['b', 'a']);
    });
  });
}
