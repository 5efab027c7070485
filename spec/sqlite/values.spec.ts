import type { SqliteCollection } from '../../lib/index';
import { StoreOperationError } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const values: [string, Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['one NUL', Buffer.of(0)],
  ['one byte', Buffer.of(255)],
  ['every byte there is', allBytes],
  ['invalid UTF-8', Buffer.of(0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80)],
  ['text that looks like a number', Buffer.from('12')],
  ['text that looks like JSON', Buffer.from('{"a":[1,"\\u0000"]}')],
  ['a zip of nothing', Buffer.from('PK\x05\x06', 'latin1')],
  ['16 KiB', Buffer.alloc(16 * 1024, 1)],
  ['16 KiB and a byte', Buffer.alloc(16 * 1024 + 1, 2)],
  ['128 KiB', Buffer.alloc(128 * 1024, 3)],
  ['1 MiB', Buffer.alloc(1024 * 1024, 4)],
  ['more than a page', Buffer.alloc(5 * 1024 * 1024, 5)],
];

const keys: [string, string][] = [
  ['the empty text', ''],
  ['a NUL', '\0'],
  ['a NUL within', 'a\0b'],
  ['what is left of it before the NUL', 'a'],
  ['two NULs', 'a\0b\0'],
  ['a single quote', "it's"],
  ['a double quote', 'say "x"'],
  ['a backslash', 'a\\b'],
  ['an escape that looks like one of JSON', '\\u0041'],
  ['newlines', 'a\r\nb'],
  ['control characters', '\u0001\u001f\u007f'],
  ['SQL', "'; DROP TABLE events; --"],
  ['JSON', '{"a":[1]}'],
  ['a number', '1'],
  ['another number', '1.0'],
  ['a wildcard', '%_*?['],
  ['an emoji', '🎭'],
  ['the end of the plane', '\uffff'],
  ['the end of Unicode', '\u{10ffff}'],
  ['the replacement character', '\ufffd'],
  ['a separator of lines', '\u2028'],
  ['a mark of byte order', '\ufeffx'],
  ['composed', 'é'],
  ['decomposed', 'e\u0301'],
  ['254 bytes', 'k'.repeat(254)],
  ['255 bytes', 'k'.repeat(255)],
  ['256 bytes', 'k'.repeat(256)],
  ['10 KB', 'k'.repeat(10_000)],
  ['10 KB of emoji', '🎭'.repeat(2_500)],
  ['a property of every object', '__proto__'],
];

/** Reads an entry in every way there is. */
async function everyWay(events: SqliteCollection, key: string): Promise<Buffer[]> {
  const [got, found, [many], shared] = await Promise.all([
    events.get(key),
    events.find(key),
    events.getMany([key]),
    Promise.all(Array.from({ length: 4 }, () => events.get(key))),
  ]);
  const iterated = await collect(events.iterRange(key, key));
  const reversed = await collect(events.iterRange(key, key, { reverse: true, consistent: true }));
  expect([...iterated, ...reversed].map(([entryKey]) => entryKey)).toEqual([key, key]);
  return [got, found!, many!, ...shared, iterated[0]![1], reversed[0]![1]];
}

describe('a value', () => {
  it.each(values)('of %s comes back as it was, on every path', async (_title, value) => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    await events.put('a', value);
    await Promise.all([events.insert('b', value), state.put(value), events.put('c', value)]);
    await manager.writeBatch([
      { type: 'put', target: events, key: 'd', data: value },
      { type: 'put', target: state, data: value },
    ]);
    for (const key of ['a', 'b', 'c', 'd']) {
      for (const read of await everyWay(events, key)) expect(read.equals(value)).toBe(true);
    }
    expect((await events.last())![1].equals(value)).toBe(true);
    expect((await state.get()).equals(value)).toBe(true);
    expect((await state.find())!.equals(value)).toBe(true);
    expect((await events.getByRange(undefined, -4)).map((read) => read.equals(value))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    const whole = await collect(events.iter());
    expect(whole.map(([key, read]) => [key, read.equals(value)])).toEqual(
      ['a', 'b', 'c', 'd'].map((key) => [key, true]),
    );
  });

  it('of 100 MB comes back as it was, on every path', async () => {
    const manager = await temporary.open({ spec: 'nano' });
    const events = await manager.createCollection('events', 'actor');
    const large = Buffer.alloc(100_000_000);
    for (let i = 0; i < large.length; i += 4096) large.writeUInt32LE(i, i);
    const small = Buffer.from('small');
    await Promise.all([events.put('1', small), events.put('2', large), events.put('3', small)]);
    expect((await events.get('2')).equals(large)).toBe(true);
    expect((await events.getMany(['1', '2', '3'])).map((value) => value?.length)).toEqual([5, 100_000_000, 5]);
    const seen: [string, boolean][] = [];
    for await (const [key, value] of events.iter()) seen.push([key, value.equals(key === '2' ? large : small)]);
    expect(seen).toEqual([
      ['1', true],
      ['2', true],
      ['3', true],
    ]);
    await events.del('3');
    expect((await events.last())![1].equals(large)).toBe(true);
    expect((await collect(events.iterRange('2', '2')))[0]![1].equals(large)).toBe(true);
  });

  it('that SQLite could not hold is refused at the door, with both numbers', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    // Memory that is never touched is never taken.
    const huge = new Uint8Array(999_990_000);
    const error = await rejection(events.put('1', huge));
    expect(error).toBeInstanceOf(StoreOperationError);
    expect(error).toMatchObject({ operation: 'insert', table: 'events', prefix: 'actor', outcomeUnknown: false });
    expect(error.message).toContain(String(999_990_000 + 1 + 5));
    expect(error.message).toContain('999990000');
    const batch = await rejection(
      manager.writeBatch([
        { type: 'put', target: events, key: '0', data: Buffer.from('x') },
        { type: 'put', target: events, key: '1', data: huge },
      ]),
    );
    expect(batch.message).toContain('operation 1 of the batch');
    expect(await collect(events.iter())).toEqual([]);
  });
});

describe('a key', () => {
  it.each(keys)('of %s is found as it was, on every path', async (_title, key) => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const value = Buffer.from('mine');
    await events.put(key, value);
    for (const read of await everyWay(events, key)) expect(read).toEqual(value);
    expect(await events.last()).toEqual([key, value]);
    expect(await events.getByRange(key, 0)).toEqual([]);
    expect(await rejection(events.insert(key, value))).toMatchObject({ key: `actor.${key}`, entryKey: key });
    expect(await queryFromOutside(manager.path, 'SELECT hex(sn) AS sn, typeof(sn) AS type FROM events')).toEqual([
      { sn: Buffer.from(key).toString('hex').toUpperCase(), type: 'text' },
    ]);
    await events.del(key);
    expect(await events.find(key)).toBeUndefined();
  });

  it('of any kind lives beside all the others, written and read in groups', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const distinct = [...new Set(keys.map(([, key]) => key))];
    const valueOf = (key: string): Buffer => Buffer.from(`value of ${key}`);
    await Promise.all(distinct.map((key) => events.put(key, Buffer.from('old'))));
    await Promise.all(distinct.map((key) => events.del(key)));
    await Promise.all(distinct.map((key) => events.insert(key, valueOf(key))));
    const inOrder = [...distinct].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await collect(events.iter())).toEqual(inOrder.map((key) => [key, valueOf(key)]));
    expect(await collect(events.iter(true))).toEqual(inOrder.map((key) => [key, valueOf(key)]).reverse());
    expect(await events.getMany(distinct)).toEqual(distinct.map(valueOf));
    expect(await Promise.all(distinct.map((key) => events.get(key)))).toEqual(distinct.map(valueOf));
    for (const key of distinct) {
      expect(await collect(events.iterRange(key, key))).toEqual([[key, valueOf(key)]]);
      const position = inOrder.indexOf(key);
      expect(await events.getByRange(key, 1)).toEqual(inOrder.slice(position + 1, position + 2).map(valueOf));
    }
    const half = inOrder.filter((_, i) => i % 2 === 0);
    await Promise.all(half.map((key) => events.delRange(key, key)));
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(inOrder.filter((_, i) => i % 2 === 1));
  });

  it('of any kind may be a prefix too, of an actor that lives beside all the others', async () => {
    const manager = await temporary.open();
    const distinct = [...new Set(keys.map(([, key]) => key))];
    const states = await Promise.all(distinct.map((prefix) => manager.createState('snapshots', prefix)));
    const collections = await Promise.all(distinct.map((prefix) => manager.createCollection('events', prefix)));
    await Promise.all(states.map((state, i) => state.put(Buffer.of(i))));
    await Promise.all(collections.map((events, i) => events.insert('1', Buffer.of(i))));
    const expected = distinct.map((_, i) => Buffer.of(i));
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all(states.map((state) => state.get()))).toEqual(expected);
      expect(await Promise.all(collections.map((events) => events.get('1')))).toEqual(expected);
    }
    const inOrder = [...distinct].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await collect(manager.prefixes('snapshots'))).toEqual(inOrder);
    await Promise.all(states.map((state, i) => (i % 2 === 0 ? state.del() : state.purge())));
    await Promise.all(collections.filter((_, i) => i % 2 === 0).map((events) => events.purge()));
    expect(await collect(manager.prefixes('snapshots'))).toEqual([]);
    expect(await Promise.all(collections.map((events) => events.find('1')))).toEqual(
      expected.map((value, i) => (i % 2 === 0 ? undefined : value)),
    );
  });

  it('and a prefix that together read alike are not confused', async () => {
    const manager = await temporary.open();
    const pairs = [
      ['', 'ab'],
      ['a', 'b'],
      ['ab', ''],
      ['a\0', 'b'],
      ['a', '\0b'],
      ['a.b', 'c'],
      ['a', 'b.c'],
      ['1 a', 'b'],
      ['1', ' ab'],
    ] as const;
    const handles = await Promise.all(pairs.map(([prefix]) => manager.createCollection('events', prefix)));
    await Promise.all(pairs.map(([, key], i) => handles[i]!.insert(key, Buffer.of(i))));
    expect(await Promise.all(pairs.map(([, key], i) => handles[i]!.get(key)))).toEqual(
      pairs.map((_, i) => Buffer.of(i)),
    );
    const deleted = await Promise.allSettled(
      pairs.flatMap(([, key], i) => [handles[i]!.del(`${key}!`), handles[i]!.del(key), handles[i]!.del(key)]),
    );
    expect(deleted.map(({ status }) => status)).toEqual(pairs.flatMap(() => ['rejected', 'fulfilled', 'rejected']));
  });

  it('of any length goes with a prefix of any length and a value of any size in one group', async () => {
    const manager = await temporary.open();
    const lengths = [0, 1, 254, 255, 256, 5000];
    const sizes = [0, 131_070, 131_071, 131_072, 131_073, 1_048_576];
    const handles = await Promise.all(lengths.map((length) => manager.createCollection('events', 'p'.repeat(length))));
    const cases = handles.flatMap((events) =>
      lengths.flatMap((length) => sizes.map((size) => [events, 'k'.repeat(length), size] as const)),
    );
    await Promise.all(cases.map(([events, key, size], i) => events.put(`${key}${i}`, Buffer.alloc(size, i))));
    const wrong = await Promise.all(
      cases.map(async ([events, key, size], i) => !(await events.get(`${key}${i}`)).equals(Buffer.alloc(size, i))),
    );
    expect(wrong.filter(Boolean)).toEqual([]);
  });
});
