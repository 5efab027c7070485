import assert from 'node:assert/strict';
import { bytes, givesNothing, handlesOf, rejects, textOf } from './kit';
import type { Kit } from './kit';

/** The one value of a state. */
export function testStates({ describe, test }: Kit): void {
  const notFound = { code: 'ENTRY_NOT_FOUND', key: 'a', message: 'a' };

  describe('a state', () => {
    test('is not found before the first put, under its bare prefix', async (manager) => {
      const { state } = await handlesOf(manager);
      await rejects(() => state.get(), notFound);
      await rejects(() => state.del(), notFound);
      assert.equal(await state.find(), undefined);
    });

    test('comes back as it was put, and is replaced by the next put', async (manager) => {
      const { state } = await handlesOf(manager);
      await givesNothing(state.put(bytes('1')));
      assert.equal(textOf(await state.get()), '1');
      await state.put(bytes('2'));
      assert.equal(textOf(await state.get()), '2');
      assert.equal(textOf(await state.find()), '2');
    });

    test('may be the empty value, which is not a missing one', async (manager) => {
      const { state } = await handlesOf(manager);
      await state.put(bytes(''));
      const value = await state.get();
      assert.ok(Buffer.isBuffer(value));
      assert.equal(value.length, 0);
      assert.equal((await state.find())?.length, 0);
      await state.del();
      assert.equal(await state.find(), undefined);
    });

    test('is deleted once', async (manager) => {
      const { state } = await handlesOf(manager);
      await state.put(bytes('1'));
      await givesNothing(state.del());
      await rejects(() => state.get(), notFound);
      await rejects(() => state.del(), notFound);
    });

    test('is purged as often as one likes, and put works after it', async (manager) => {
      const { state } = await handlesOf(manager);
      await givesNothing(state.purge());
      await state.put(bytes('1'));
      await state.purge();
      await state.purge();
      assert.equal(await state.find(), undefined);
      await state.put(bytes('2'));
      assert.equal(textOf(await state.get()), '2');
    });
  });
}
