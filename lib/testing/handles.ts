import assert from 'node:assert/strict';
import {
  bytes,
  drain,
  fill,
  fillMany,
  handlesOf,
  holds,
  orderedKeys,
  pull,
  refuses,
  rejects,
  textOf,
  textsOf,
} from './kit';
import type { Kit } from './kit';

/** What a handle is, and that no actor ever sees another's rows. */
export function testHandles({ describe, test, manyEntries }: Kit): void {
  describe('a handle', () => {
    test('reports its table as name and its actor as prefix', async (manager) => {
      const collection = await manager.createCollection('Events_1', 'actor.1');
      const state = await manager.createState('_snapshots', '');
      assert.deepEqual([collection.name, collection.prefix], ['Events_1', 'actor.1']);
      assert.deepEqual([state.name, state.prefix], ['_snapshots', '']);
    });

    test('sees what another handle on the same table and prefix wrote', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      const sameCollection = await manager.createCollection('events', 'a');
      const sameState = await manager.createState('snapshots', 'a');
      await Promise.all([collection.put('k', bytes('1')), state.put(bytes('2'))]);
      assert.equal(textOf(await sameCollection.get('k')), '1');
      assert.equal(textOf(await sameState.get()), '2');
      await Promise.all([sameCollection.del('k'), sameState.del()]);
      assert.equal(await collection.find('k'), undefined);
      assert.equal(await state.find(), undefined);
    });

    test('does not see the rows of a hundred other actors in its table', async (manager) => {
      const actors = orderedKeys(100);
      const collections = await Promise.all(actors.map((actor) => manager.createCollection('events', actor)));
      const states = await Promise.all(actors.map((actor) => manager.createState('snapshots', actor)));
      await Promise.all(collections.map((collection) => collection.put('k', bytes(collection.prefix))));
      await Promise.all(states.map((state) => state.put(bytes(state.prefix))));
      for (const collection of collections) await holds(collection, `k=${collection.prefix}`);
      for (const state of states) assert.equal(textOf(await state.get()), state.prefix);
    });

    test('can be made many times at once, also when its table is missing', async (manager) => {
      const collections = await Promise.all(orderedKeys(20).map(() => manager.createCollection('events', 'a')));
      await Promise.all(collections.map((collection, index) => collection.put(String(index), bytes(''))));
      assert.equal((await drain(collections[0]?.iter() ?? fail())).length, 20);
    });

    test('is refused for an identifier that is no name', async (manager) => {
      const names = ['', 'users; DROP TABLE x', 'bad-name', '1st', 'ünï', 'a b', 'a.b', '"a"', 'a\0', 'events\n', 'ſ'];
      for (const name of names) {
        const expected = { code: 'CREATE_STORE', message: 'invalid SQLite identifier' };
        await rejects(() => manager.createCollection(name, 'a'), expected, name);
        await rejects(() => manager.createState(name, 'a'), expected, name);
        await rejects(() => pull(manager.prefixes(name)), expected, name);
      }
    });

    test('is refused for a name that SQLite reserves', async (manager) => {
      for (const name of ['sqlite_', 'sqlite_x', 'SQLite_stat1']) {
        await rejects(() => manager.createCollection(name, 'a'), { code: 'CREATE_STORE' }, name);
        await rejects(() => manager.createState(name, 'a'), { code: 'CREATE_STORE' }, name);
      }
    });

    test('takes SQL keywords and underscores as names', async (manager) => {
      for (const name of ['valid_name_42', '_valid_state', 'select', 'order', 'TABLE', '_', 'sqlite', 'sqlitex']) {
        const collection = await manager.createCollection(name, 'a');
        await collection.put('k', bytes(name));
        await holds(collection, `k=${name}`);
      }
    });

    test('is the same under any ASCII case of its identifier', async (manager) => {
      const lower = await manager.createCollection('events', 'a');
      const upper = await manager.createCollection('EVENTS', 'a');
      await upper.put('k', bytes('1'));
      await holds(lower, 'k=1');
      await manager.writeBatch([
        { type: 'put', target: lower, key: 'l', data: bytes('2') },
        { type: 'del', target: upper, key: 'l' },
      ]);
      await holds(upper, 'k=1');
      assert.deepEqual([lower.name, upper.name], ['events', 'EVENTS']);
      assert.deepEqual(await drain(manager.prefixes('Events')), ['a']);
    });

    test('is refused when its table was made for the other kind', async (manager) => {
      await manager.createCollection('events', 'a');
      await manager.createState('snapshots', 'a');
      for (const name of ['events', 'EVENTS']) {
        await rejects(() => manager.createState(name, 'b'), { code: 'CREATE_STORE' }, name);
      }
      for (const name of ['snapshots', 'Snapshots']) {
        await rejects(() => manager.createCollection(name, 'b'), { code: 'CREATE_STORE' }, name);
      }
    });

    test('takes any well-formed prefix', async (manager) => {
      const prefixes = ['', '.', '%', '_', "'; --", '\0', 'a\0', '🙂', '\uffff', 'x'.repeat(10_240)];
      const collections = await Promise.all(prefixes.map((prefix) => manager.createCollection('events', prefix)));
      const states = await Promise.all(prefixes.map((prefix) => manager.createState('snapshots', prefix)));
      await Promise.all(collections.map((collection, index) => collection.put('k', bytes(String(index)))));
      await Promise.all(states.map((state, index) => state.put(bytes(String(index)))));
      for (const [index, collection] of collections.entries()) await holds(collection, `k=${index}`);
      for (const [index, state] of states.entries()) assert.equal(textOf(await state.get()), String(index));
      await refuses(() => manager.createCollection('events', '\ud800'), 'prefix');
    });
  });

  describe('actors with similar prefixes and keys', () => {
    const pairs = [
      ['actor1', 'k', 'actor10', 'k'],
      ['a', 'b.c', 'a.b', 'c'],
      ['abc', 'k', 'abd', 'k'],
      ['a', '\0b', 'a\0', 'b'],
      ['', 'a', 'a', ''],
      ['A', 'k', 'a', 'k'],
      ['a%', 'k', 'ab', 'k'],
      ['a', 'k', 'a ', 'k'],
    ] as const;
    for (const [prefix, key, otherPrefix, otherKey] of pairs) {
      const title = `${JSON.stringify([prefix, key])} and ${JSON.stringify([otherPrefix, otherKey])} never touch each other`;
      test(title, async (manager) => {
        const one = await manager.createCollection('events', prefix);
        const other = await manager.createCollection('events', otherPrefix);
        const state = await manager.createState('snapshots', prefix);
        const otherState = await manager.createState('snapshots', otherPrefix);
        const reset = async (): Promise<void> => {
          await Promise.all([one.put(key, bytes('1')), other.put(otherKey, bytes('2'))]);
          await Promise.all([state.put(bytes('1')), otherState.put(bytes('2'))]);
        };
        await reset();
        assert.deepEqual(textsOf(await one.getMany([key, otherKey])), key === otherKey ? ['1', '1'] : ['1', undefined]);
        assert.equal(textOf((await one.last())?.[1]), '1');
        assert.deepEqual(textsOf(await one.getByRange(undefined, -9)), ['1']);
        for (const erase of [
          () => one.purge(),
          () => one.delRange(),
          () => one.del(key),
          () => manager.writeBatch([{ type: 'purge', target: one }]),
          () => manager.writeBatch([{ type: 'delRange', target: one }]),
        ]) {
          await reset();
          await erase();
          await holds(one);
          await holds(other, `${otherKey}=2`);
        }
        await state.purge();
        assert.equal(textOf(await otherState.get()), '2');
      });
    }
  });

  describe('prefixes', () => {
    test('lists each actor that has rows once, in the order of UTF-8 bytes', async (manager) => {
      for (const prefix of ['b', 'a', '🙂', '～', '']) {
        await fill(await manager.createCollection('events', prefix), 'k1', 'k2');
        await (await manager.createState('snapshots', prefix)).put(bytes('1'));
      }
      await manager.createCollection('events', 'empty');
      assert.deepEqual(await drain(manager.prefixes('events')), ['', 'a', 'b', '～', '🙂']);
      assert.deepEqual(await drain(manager.prefixes('snapshots')), ['', 'a', 'b', '～', '🙂']);
    });

    test('forgets an actor when its last row goes', async (manager) => {
      const [one, other] = await Promise.all([
        manager.createCollection('events', 'a'),
        manager.createCollection('events', 'b'),
      ]);
      await Promise.all([fill(one, 'k'), fill(other, 'k')]);
      await one.del('k');
      assert.deepEqual(await drain(manager.prefixes('events')), ['b']);
      await other.purge();
      assert.deepEqual(await drain(manager.prefixes('events')), []);
    });

    test('has none for a table that does not exist', async (manager) => {
      assert.deepEqual(await drain(manager.prefixes('nothing')), []);
    });

    test('goes over page boundaries', async (manager) => {
      const actors = orderedKeys(manyEntries);
      const collections = await Promise.all(actors.map((actor) => manager.createCollection('events', actor)));
      await manager.writeBatch(collections.map((target) => ({ type: 'put', target, key: '', data: bytes('') })));
      const busy = await manager.createCollection('events', actors[5] ?? fail());
      await fillMany(manager, busy, orderedKeys(manyEntries));
      assert.deepEqual(await drain(manager.prefixes('events')), actors);
    });
  });
}

function fail(): never {
  assert.fail('a test of the suite is wrong');
}
