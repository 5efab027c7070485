import type { SqliteCollection, SqliteManager } from '../../lib/index';
import { EntryNotFoundError } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { callsDuring, useRecordedConnections } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();

const keyOf = (i: number): string => String(i).padStart(6, '0');

async function openWith(count: number): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  const events = await manager.createCollection('events', 'actor');
  await manager.writeBatch(
    Array.from(
      { length: count },
      (_, i) => ({ type: 'put', target: events, key: keyOf(i), data: Buffer.from(String(i)) }) as const,
    ),
  );
  return { manager, events };
}

const texts = (values: (Buffer | undefined)[]): (string | undefined)[] => values.map((value) => value?.toString());

describe('getMany', () => {
  it('answers in the order asked, with undefined for what is missing and a Buffer of its own for each', async () => {
    const { events } = await openWith(10);
    const values = await events.getMany([keyOf(5), 'missing', keyOf(1), keyOf(5), '', keyOf(5)]);
    expect(texts(values)).toEqual(['5', undefined, '1', '5', undefined, '5']);
    values[0]!.fill(0);
    expect(texts(values)).toEqual(['\0', undefined, '1', '5', undefined, '5']);
    expect(texts(await events.getMany([keyOf(5)]))).toEqual(['5']);
  });

  it('takes any number of keys and any iterable', async () => {
    const { events } = await openWith(3000);
    const keys = Array.from({ length: 7000 }, (_, i) => keyOf((i * 7919) % 3500));
    expect(texts(await events.getMany(keys))).toEqual(
      keys.map((key) => (Number(key) < 3000 ? String(Number(key)) : undefined)),
    );
    expect(texts(await events.getMany(new Set([keyOf(1), keyOf(2)])))).toEqual(['1', '2']);
    expect(await events.getMany([])).toEqual([]);
  });

  it('takes values of any size', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const sizes = [0, 1, 16_383, 16_384, 16_385, 1_000_000, 4_500_000];
    await Promise.all(sizes.map((size) => events.put(String(size), Buffer.alloc(size, 7))));
    const values = await events.getMany([...sizes, 2, ...sizes].map(String));
    expect(values.map((value) => value?.length)).toEqual([...sizes, undefined, ...sizes]);
  });

  it.each([
    ['no iterable', 5],
    ['undefined', undefined],
    ['a key that is a number', ['a', 5]],
    ['a lone surrogate', ['a', '\ud800']],
  ])('rejects %s with a TypeError', async (_title, keys) => {
    const { events } = await openWith(1);
    expect(await rejection(events.getMany(keys as string[]))).toMatchObject({
      name: 'TypeError',
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('gets that are issued at once', () => {
  it('are each answered with their own entry, over handles, tables and actors', async () => {
    const manager = await temporary.open();
    const collections = await Promise.all(
      Array.from({ length: 20 }, (_, i) => manager.createCollection(`events_${i % 2}`, `actor ${i}`)),
    );
    const states = await Promise.all(
      Array.from({ length: 20 }, (_, i) => manager.createState('snapshots', `actor ${i}`)),
    );
    await Promise.all(
      collections.flatMap((events, i) =>
        Array.from({ length: 20 }, (_, n) => events.put(String(n), Buffer.from(`${i}.${n}`))),
      ),
    );
    await Promise.all(states.filter((_, i) => i % 2 === 0).map((state, i) => state.put(Buffer.from(String(2 * i)))));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 2000 }, (_, i) => {
        const actor = (i * 31) % 20;
        if (i % 5 === 0) return states[actor]!.get().then((value) => expect(value.toString()).toBe(String(actor)));
        const n = (i * 17) % 25;
        return collections[actor]!.get(String(n)).then((value) => expect(value.toString()).toBe(`${actor}.${n}`));
      }),
    );
    const wrong = outcomes.filter((outcome, i) => {
      const actor = (i * 31) % 20;
      const missing = i % 5 === 0 ? actor % 2 === 1 : (i * 17) % 25 >= 20;
      if (!missing) return outcome.status !== 'fulfilled';
      return !(outcome.status === 'rejected' && outcome.reason instanceof EntryNotFoundError);
    });
    expect(wrong).toEqual([]);
  });

  it('for one key each have a Buffer of their own', async () => {
    const { events } = await openWith(1);
    const values = await Promise.all(Array.from({ length: 100 }, () => events.get(keyOf(0))));
    for (const value of values.slice(0, 99)) value.fill(0);
    expect(values[99]!.toString()).toBe('0');
  });

  it('whose arguments are wrong fail alone', async () => {
    const { events } = await openWith(1);
    const outcomes = await Promise.allSettled([
      events.get(keyOf(0)),
      events.get(5 as unknown as string),
      events.get('\udc00'),
      events.get(keyOf(0)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  });
});

describe('reads of many tables', () => {
  it('are answered, however many statements they take', async () => {
    const manager = await temporary.open({ readers: 1 });
    const tables = await Promise.all(
      Array.from({ length: 100 }, (_, i) => manager.createCollection(`events_${i}`, 'actor')),
    );
    await Promise.all(tables.map((events, i) => events.put('1', Buffer.of(i))));
    for (let round = 0; round < 2; round++) {
      for (const [i, events] of tables.entries()) {
        const value = Buffer.of(i);
        expect(await events.get('1')).toEqual(value);
        expect(await events.getMany(['1'])).toEqual([value]);
        expect(await events.last()).toEqual(['1', value]);
        expect(await collect(events.iter())).toEqual([['1', value]]);
      }
    }
  });
});

describe('getByRange', () => {
  it('pages in both directions from a key or an end', async () => {
    const { events } = await openWith(1500);
    expect(texts(await events.getByRange(keyOf(700), 3))).toEqual(['701', '702', '703']);
    expect(texts(await events.getByRange(keyOf(700), -3))).toEqual(['699', '698', '697']);
    expect(texts(await events.getByRange(undefined, 2))).toEqual(['0', '1']);
    expect(texts(await events.getByRange(undefined, -2))).toEqual(['1499', '1498']);
    expect(await events.getByRange(keyOf(1499), 5)).toEqual([]);
    expect(await events.getByRange(keyOf(0), -5)).toEqual([]);
    expect(await events.getByRange(keyOf(3), 0)).toEqual([]);
    expect(await events.getByRange(undefined, 0)).toEqual([]);
    expect(await events.getByRange(undefined, 10_000)).toHaveLength(1500);
    expect(await events.getByRange(keyOf(99), Number.MAX_SAFE_INTEGER)).toHaveLength(1400);
    expect(await events.getByRange(undefined, Number.MIN_SAFE_INTEGER)).toHaveLength(1500);
  });

  it('takes one call, and so shows one moment, for up to 1,024 entries with the one it starts from', async () => {
    const { events } = await openWith(1500);
    const callsOf = async (from: string | undefined, quantity: number): Promise<number> =>
      (await callsDuring(connections, () => events.getByRange(from, quantity))).length;
    expect(await callsOf(undefined, 1024)).toBe(1);
    expect(await callsOf(keyOf(300), 1023)).toBe(1);
    expect(await callsOf(undefined, -1025)).toBeGreaterThan(1);
  });

  it('wants its start to exist, whatever the quantity', async () => {
    const { events } = await openWith(3);
    for (const quantity of [1, 0, -1]) {
      const error = await rejection(events.getByRange('missing', quantity));
      expect(error).toBeInstanceOf(EntryNotFoundError);
      expect(error).toMatchObject({ key: 'actor.missing', entryKey: 'missing', table: 'events', prefix: 'actor' });
    }
  });

  it.each([1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, '2', 2n, null, undefined])(
    'takes no quantity of %p',
    async (quantity) => {
      const { events } = await openWith(3);
      const error = await rejection(events.getByRange(undefined, quantity as number));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(error.message).toContain('quantity');
    },
  );

  it('gives large values too', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const sizes = [10, 5_000_000, 0, 2_000_000, 3_000_000, 4, 1];
    await Promise.all(sizes.map((size, i) => events.put(keyOf(i), Buffer.alloc(size, i))));
    expect((await events.getByRange(undefined, 10)).map(({ length }) => length)).toEqual(sizes);
    expect((await events.getByRange(keyOf(3), -3)).map(({ length }) => length)).toEqual(sizes.slice(0, 3).reverse());
  });
});

describe('every read', () => {
  it('searches by key and scans nothing', async () => {
    const { manager, events } = await openWith(1500);
    const state = await manager.createState('snapshots', 'actor');
    await state.put(Buffer.from('x'));
    await events.get(keyOf(7));
    await Promise.all(Array.from({ length: 300 }, () => events.get(keyOf(7))));
    await Promise.all(Array.from({ length: 300 }, () => state.get()));
    await events.getMany([keyOf(1), 'missing']);
    await events.last();
    for (const quantity of [-2, 2]) for (const from of [undefined, keyOf(7)]) await events.getByRange(from, quantity);
    for (const options of [{ reverse: true }, { reverse: false }, { consistent: true }]) {
      await collect(events.iter(options));
      await collect(events.iterRange('1', '2', options));
      await collect(events.iterRange(undefined, '2', options));
    }
    await events.put(keyOf(7), Buffer.alloc(5_000_000));
    await collect(events.iter());
    await collect(events.iter(true));
    await events.getByRange(undefined, 10);
    await collect(manager.prefixes('events'));
    const texts = new Set(
      connections
        .flatMap(({ prepared }) => prepared)
        .filter((sql) => /FROM "(events|snapshots)"|JOIN "/i.test(sql) && /^\s*(SELECT|WITH)/i.test(sql)),
    );
    expect(texts.size).toBeGreaterThan(8);
    const outside = await temporary.connect(manager.path);
    for (const sql of texts) {
      const plan = await outside.all<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql}`);
      const steps = plan.map(({ detail }) => detail);
      expect(steps.filter((step) => /^SEARCH .*USING (COVERING )?INDEX \S+ \(prefix/.test(step))).not.toEqual([]);
      // What is walked is what the statement was given or has made itself, never the table.
      expect(
        steps.filter((step) => /TEMP B-TREE|^SCAN (?!\w+ VIRTUAL TABLE|actors|CONSTANT ROW|\(|\w*subquery)/.test(step)),
      ).toEqual([]);
    }
  });

  it('of the last entry reads that row alone', async () => {
    const { manager, events } = await openWith(1500);
    expect(await events.last()).toEqual([keyOf(1499), Buffer.from('1499')]);
    const [sql] = connections
      .flatMap(({ prepared }) => prepared)
      .filter((text) => /ORDER BY sn DESC\s+LIMIT 1\s*$/.test(text));
    const outside = await temporary.connect(manager.path);
    const plan = await outside.all<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql!}`);
    expect(plan.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH events USING INDEX \S+ \(prefix=\?\)$/),
    ]);
  });
});
