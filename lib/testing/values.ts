import assert from 'node:assert/strict';
import type { Collection } from '../contracts';
import { bytes, drain, handlesOf, textOf, textsOf } from './kit';
import type { Handles, Kit } from './kit';

const HOSTILE_KEYS: Readonly<Record<string, string>> = {
  'the empty key': '',
  NUL: '\0',
  'NUL in the middle': 'a\0b',
  'NUL at the end': 'a\0',
  quotes: `it's "quoted" \`here\``,
  'a comment': "'; DROP TABLE events; --",
  wildcards: '%_*?[a]',
  backslashes: '\\\\0\\u0000\\',
  'control characters': '\u0001\b\t\n\r\u001f\u007f',
  separators: 'a.b/c:d|e,f\u2028\u2029',
  'a byte order mark': '\ufeffa',
  'composed and decomposed letters': 'é\u0065\u0301',
  'letters beyond the BMP': '𝒳🙂👩‍👩‍👧',
  'a noncharacter': '\uffff',
  'the replacement character': '\ufffd',
  'right-to-left marks': '\u202eabc',
  'a number': '1e3',
  'a word of JSON': 'null',
  'a property of every object': '__proto__',
  '10 KB': 'k'.repeat(10_240),
  '10 KB of emoji': '🙂'.repeat(2_560),
};

const HOSTILE_VALUES: Readonly<Record<string, () => Buffer>> = {
  'no byte': () => Buffer.alloc(0),
  'a zero byte': () => Buffer.alloc(1),
  'every byte': () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  'invalid UTF-8': () => Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf8]),
  'the text of JSON': () => Buffer.from('["a",{"b":null}]\\u0000'),
  'a byte order mark': () => Buffer.from('\ufeff'),
  '5 MB': () => Buffer.alloc(5 * 1024 * 1024, 'five megabytes '),
};

/** Each way to write bytes. */
const WRITES: Readonly<Record<string, (handles: Handles, key: string, data: Uint8Array) => Promise<void>>> = {
  put: ({ collection }, key, data) => collection.put(key, data),
  insert: ({ collection }, key, data) => collection.insert(key, data),
  'a put of a batch': ({ manager, collection: target }, key, data) =>
    manager.writeBatch([{ type: 'put', target, key, data }]),
  'an insert of a batch': ({ manager, collection: target }, key, data) =>
    manager.writeBatch([{ type: 'insert', target, key, data }]),
};

/** Each way to read the bytes of an entry that is alone in its collection. */
const READS: Readonly<Record<string, (collection: Collection, key: string) => Promise<(Buffer | undefined)[]>>> = {
  get: async (collection, key) => [await collection.get(key)],
  find: async (collection, key) => [await collection.find(key)],
  getMany: (collection, key) => collection.getMany([key, key]),
  last: async (collection) => [(await collection.last())?.[1]],
  iter: async (collection) => (await drain(collection.iter())).map(([, value]) => value),
  'iter backwards': async (collection) => (await drain(collection.iter(true))).map(([, value]) => value),
  iterRange: async (collection, key) => (await drain(collection.iterRange(key, key))).map(([, value]) => value),
  getByRange: (collection) => collection.getByRange(undefined, 1),
};

/** Bytes and keys of every kind, and that no memory is shared with the caller. */
export function testValues({ describe, test }: Kit): void {
  describe('any key', () => {
    for (const [title, key] of Object.entries(HOSTILE_KEYS)) {
      test(`goes through every method unchanged: ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        const { collection } = handles;
        for (const [how, write] of Object.entries(WRITES)) {
          await write(handles, key, bytes(how));
          for (const [method, read] of Object.entries(READS)) {
            assert.equal(textOf((await read(collection, key))[0]), how, method);
          }
          assert.deepEqual([(await collection.last())?.[0], (await drain(collection.iter()))[0]?.[0]], [key, key]);
          await collection.del(key);
          assert.deepEqual(await drain(collection.iter()), []);
        }
        await collection.put(key, bytes('1'));
        await manager.writeBatch([{ type: 'delRange', target: collection, start: key, end: key }]);
        assert.equal(await collection.find(key), undefined);
      });
    }

    test('stands beside all the others', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = Object.values(HOSTILE_KEYS);
      await Promise.all(keys.map((key, index) => collection.put(key, bytes(String(index)))));
      assert.deepEqual(
        textsOf(await collection.getMany(keys)),
        keys.map((_, index) => String(index)),
      );
      const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(
        (await drain(collection.iter())).map(([key]) => key),
        inOrder,
      );
    });
  });

  describe('any value', () => {
    for (const [title, make] of Object.entries(HOSTILE_VALUES)) {
      test(`goes through every method unchanged: ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        const { collection, state } = handles;
        const value = make();
        for (const [how, write] of Object.entries(WRITES)) {
          await write(handles, 'k', value);
          for (const [method, read] of Object.entries(READS)) {
            for (const found of await read(collection, 'k')) {
              assert.ok(found !== undefined && value.equals(found), `${how}, then ${method}`);
            }
          }
          await collection.purge();
        }
        await state.put(value);
        assert.ok(value.equals(await state.get()));
        assert.ok(value.equals((await state.find()) ?? Buffer.from('undefined')));
        await manager.writeBatch([
          { type: 'del', target: state },
          { type: 'put', target: state, data: value },
        ]);
        assert.ok(value.equals(await state.get()));
      });
    }

    test('stands beside all the others', async (manager) => {
      const { collection } = await handlesOf(manager);
      const values = Object.values(HOSTILE_VALUES).map((make) => make());
      await Promise.all(values.map((value, index) => collection.put(String(index), value)));
      const keys = values.map((_, index) => String(index));
      const found = [await collection.getMany(keys), (await drain(collection.iter())).map(([, value]) => value)];
      for (const list of found) {
        assert.equal(list.length, values.length);
        for (const [index, value] of values.entries())
          assert.ok(value.equals(list[index] ?? bytes('undefined')), String(index));
      }
    });
  });

  describe('bytes', () => {
    for (const [title, write] of Object.entries(WRITES)) {
      test(`are those of the call, whatever the caller does with the array afterwards: ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        for (const size of [8, 100_000]) {
          const data = new Uint8Array(size).fill(1);
          const written = write(handles, 'k', data);
          data.fill(2);
          await written;
          const value = await handles.collection.get('k');
          assert.ok(value.length === size && value.every((byte) => byte === 1), `${size} bytes`);
          await handles.collection.purge();
        }
      });
    }

    test('are those of the call, whatever the caller does with the array afterwards: a state', async (manager) => {
      const { state } = await handlesOf(manager);
      for (const put of [
        (data: Uint8Array) => state.put(data),
        (data: Uint8Array) => manager.writeBatch([{ type: 'put', target: state, data }]),
      ]) {
        const data = bytes('before');
        const written = put(data);
        data.write('after!');
        await written;
        assert.equal(textOf(await state.get()), 'before');
        await state.del();
      }
    });

    for (const [title, read] of Object.entries(READS)) {
      test(`that ${title} gives belong to the caller`, async (manager) => {
        const { collection } = await handlesOf(manager);
        await collection.put('k', bytes('stored'));
        // Twice at once: answers that share a call must not share their bytes.
        const found = (await Promise.all([read(collection, 'k'), read(collection, 'k')])).flat();
        for (const [index, value] of found.entries()) value?.fill(String(index));
        for (const [index, value] of found.entries()) assert.equal(textOf(value), String(index).repeat(6));
        assert.equal(textOf((await read(collection, 'k'))[0]), 'stored');
      });
    }

    test('that a state gives belong to the caller', async (manager) => {
      const { state } = await handlesOf(manager);
      await state.put(bytes('stored'));
      const found = await Promise.all([state.get(), state.get(), state.find()]);
      for (const [index, value] of found.entries()) value?.fill(String(index));
      for (const [index, value] of found.entries()) assert.equal(textOf(value), String(index).repeat(6));
      assert.equal(textOf(await state.get()), 'stored');
    });
  });
}
