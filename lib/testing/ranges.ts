import assert from 'node:assert/strict';
import { drain, fill, fillMany, givesNothing, handlesOf, holds, keysOf, orderedKeys, rejects, textsOf } from './kit';
import type { Kit } from './kit';

/** Keys in ascending order of their UTF-8 bytes; UTF-16 has the last two before U+E000. */
const UTF8_ORDER = [
  '',
  '\0',
  '0',
  '1',
  '10',
  '2',
  'A',
  'a',
  'a\0',
  'aa',
  'b',
  'z',
  'é',
  'ࠀ',
  '\ud7ff',
  '\ue000',
  '～',
  '\uffff',
  '𐀀',
  '🙂',
];

/** Order, ranges and limits. */
export function testRanges({ describe, test, manyEntries }: Kit): void {
  describe('iter', () => {
    test('goes through the entries in key order, in either direction', async (manager) => {
      const { collection } = await handlesOf(manager);
      assert.deepEqual(await drain(collection.iter()), []);
      assert.deepEqual(await drain(collection.iter(true)), []);
      await fill(collection, 'key2=2', 'key3=3', 'key1=1');
      const ascending = ['key1', 'key2', 'key3'];
      assert.deepEqual(keysOf(await drain(collection.iter())), ascending);
      assert.deepEqual(keysOf(await drain(collection.iter(false))), ascending);
      assert.deepEqual(keysOf(await drain(collection.iter({}))), ascending);
      assert.deepEqual(keysOf(await drain(collection.iter(true))), ascending.toReversed());
      assert.deepEqual(keysOf(await drain(collection.iter({ reverse: true }))), ascending.toReversed());
      await holds(collection, 'key1=1', 'key2=2', 'key3=3');
    });

    test('misses and repeats nothing at page boundaries', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const entries = await drain(collection.iter());
      assert.deepEqual(keysOf(entries), keys);
      assert.deepEqual(
        entries.map(([, value]) => value.toString()),
        keys,
      );
      assert.deepEqual(keysOf(await drain(collection.iter(true))), keys.toReversed());
      const [from, to] = [keys[3], keys.at(-3)];
      assert.deepEqual(keysOf(await drain(collection.iterRange(from, to))), keys.slice(3, -2));
      assert.deepEqual(keysOf(await drain(collection.iterRange(from, to, true))), keys.slice(3, -2).toReversed());
    });

    test('ends after limit entries, whatever the pages', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const third = Math.floor(manyEntries / 3);
      for (const limit of [0, 1, 2, third - 1, third, third + 1, 2 * third, manyEntries, manyEntries + 1, Infinity]) {
        assert.deepEqual(keysOf(await drain(collection.iter({ limit }))), keys.slice(0, limit), `limit ${limit}`);
        const reversed = keysOf(await drain(collection.iter({ limit, reverse: true })));
        assert.deepEqual(reversed, keys.toReversed().slice(0, limit), `limit ${limit}, reverse`);
      }
      const bounded = keysOf(await drain(collection.iterRange(keys[10], keys[20], { limit: 3, reverse: true })));
      assert.deepEqual(bounded, [keys[20], keys[19], keys[18]]);
    });
  });

  describe('the order of keys', () => {
    test('is that of their UTF-8 bytes, for every method that has an order', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(manager, collection, UTF8_ORDER.toReversed());
      assert.deepEqual(keysOf(await drain(collection.iter())), UTF8_ORDER);
      assert.deepEqual(keysOf(await drain(collection.iter(true))), UTF8_ORDER.toReversed());
      assert.equal((await collection.last())?.[0], '🙂');
      for (const [index, key] of UTF8_ORDER.entries()) {
        const [before, from] = [UTF8_ORDER.slice(0, index), UTF8_ORDER.slice(index)];
        assert.deepEqual(keysOf(await drain(collection.iterRange(key))), from);
        assert.deepEqual(keysOf(await drain(collection.iterRange(undefined, key))), [...before, key]);
        assert.deepEqual(textsOf(await collection.getByRange(key, 99)), from.slice(1));
        assert.deepEqual(textsOf(await collection.getByRange(key, -99)), before.toReversed());
      }
      await collection.delRange('\ue000', '\uffff');
      assert.deepEqual(keysOf(await drain(collection.iterRange('z'))), ['z', 'é', 'ࠀ', '\ud7ff', '𐀀', '🙂']);
    });
  });

  describe('iterRange', () => {
    test('includes both bounds, from the lower one up or from the upper one down', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'key1', 'key2', 'key3');
      assert.deepEqual(keysOf(await drain(collection.iterRange('key2', 'key3'))), ['key2', 'key3']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('key1', 'key2', { reverse: true }))), ['key2', 'key1']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('key1', 'key2', true))), ['key2', 'key1']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('key2', 'key2'))), ['key2']);
    });

    test('takes bounds that are no keys, and open ones', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, '', 'b', 'd');
      assert.deepEqual(keysOf(await drain(collection.iterRange('a', 'c'))), ['b']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('a'))), ['b', 'd']);
      assert.deepEqual(keysOf(await drain(collection.iterRange(undefined, 'c'))), ['', 'b']);
      assert.deepEqual(keysOf(await drain(collection.iterRange())), ['', 'b', 'd']);
      assert.deepEqual(keysOf(await drain(collection.iterRange(undefined, undefined, true))), ['d', 'b', '']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('', ''))), ['']);
      assert.deepEqual(keysOf(await drain(collection.iterRange(undefined, ''))), ['']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('', 'b', true))), ['b', '']);
      assert.deepEqual(keysOf(await drain(collection.iterRange('e'))), []);
    });

    test('is empty when start comes after end, in either direction', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a', 'b', 'c');
      assert.deepEqual(await drain(collection.iterRange('c', 'a')), []);
      assert.deepEqual(await drain(collection.iterRange('c', 'a', true)), []);
      assert.deepEqual(await drain(collection.iterRange('🙂', '～')), []);
    });
  });

  describe('delRange', () => {
    test('deletes from start to end, both included, and nothing else', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'key1=1', 'key2=2', 'key3=3');
      await givesNothing(collection.delRange('key1', 'key2'));
      await holds(collection, 'key3=3');
    });

    test('succeeds when there is nothing to delete', async (manager) => {
      const { collection } = await handlesOf(manager);
      await collection.delRange();
      await fill(collection, 'b=1');
      await collection.delRange('c', 'd');
      await collection.delRange('c', 'a');
      await holds(collection, 'b=1');
    });

    test('of one key leaves the keys that begin with it', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a=1', 'a\0=2', 'a_extra=3');
      await collection.delRange('a', 'a');
      await holds(collection, 'a\0=2', 'a_extra=3');
    });

    test('takes open bounds', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, '', 'a', 'b', 'c');
      await collection.delRange('c');
      await holds(collection, '=', 'a=', 'b=');
      await collection.delRange(undefined, 'a');
      await holds(collection, 'b=');
      await collection.delRange();
      await holds(collection);
    });

    test('deletes more entries than a page has', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      await collection.delRange(keys[1], keys.at(-2));
      assert.deepEqual(keysOf(await drain(collection.iter())), [keys[0], keys.at(-1)]);
    });
  });

  describe('getByRange', () => {
    test('gives at most so many values behind a key, forwards or backwards', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(
        manager,
        collection,
        orderedKeys(10).map((key) => key.slice(-1)),
      );
      const range = async (from: string | undefined, quantity: number): Promise<string> =>
        textsOf(await collection.getByRange(from, quantity)).join();
      assert.equal(await range('2', 3), '3,4,5');
      assert.equal(await range('7', -2), '6,5');
      assert.equal(await range(undefined, -2), '9,8');
      assert.equal(await range(undefined, 2), '0,1');
      assert.equal(await range('5', 0), '');
      assert.equal(await range('5', -0), '');
      assert.equal(await range(undefined, 0), '');
      assert.equal(await range('8', 5), '9');
      assert.equal(await range('1', -5), '0');
      assert.equal(await range('9', 1), '');
      assert.equal(await range('0', -1), '');
      assert.equal(await range(undefined, Number.MAX_SAFE_INTEGER), '0,1,2,3,4,5,6,7,8,9');
      assert.equal(await range('5', Number.MIN_SAFE_INTEGER), '4,3,2,1,0');
    });

    test('needs its key to exist, also for a quantity of 0', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'b=1');
      for (const quantity of [1, -1, 0, 99]) {
        const expected = { code: 'ENTRY_NOT_FOUND', key: 'a.a', entryKey: 'a' };
        await rejects(() => collection.getByRange('a', quantity), expected, String(quantity));
        await rejects(
          () => collection.getByRange('', quantity),
          { ...expected, key: 'a.', entryKey: '' },
          String(quantity),
        );
      }
    });

    test('finds the empty key when there is no from, and goes on behind it', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, '=0', 'a=1');
      assert.deepEqual(textsOf(await collection.getByRange(undefined, 5)), ['0', '1']);
      assert.deepEqual(textsOf(await collection.getByRange('', 5)), ['1']);
      assert.deepEqual(textsOf(await collection.getByRange('a', -5)), ['0']);
    });

    test('gives nothing in an empty collection, when no from is asked for', async (manager) => {
      const { collection } = await handlesOf(manager);
      assert.deepEqual(textsOf(await collection.getByRange(undefined, 3)), []);
      assert.deepEqual(textsOf(await collection.getByRange(undefined, -3)), []);
    });

    test('gives more values than a page has entries', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      assert.deepEqual(textsOf(await collection.getByRange(keys[0], manyEntries)), keys.slice(1));
      assert.deepEqual(textsOf(await collection.getByRange(keys.at(-1), -manyEntries)), keys.slice(0, -1).toReversed());
    });
  });
}
