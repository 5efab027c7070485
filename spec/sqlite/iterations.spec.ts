import { renameSync } from 'node:fs';
import type { Entry, EntryIterator, SqliteCollection, SqliteManager } from '../../lib/index';
import { StoreOperationError } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { openDescriptors, recordingLogger, showsDescriptors, useRecordedConnections } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();
afterEach(() => jest.useRealTimers());

const keyOf = (i: number): string => String(i).padStart(6, '0');
const valueOf = (i: number): Buffer => Buffer.from(`value ${i}`);
const done = { done: true, value: undefined };

async function fill(manager: SqliteManager, events: SqliteCollection, from: number, to: number): Promise<void> {
  await manager.writeBatch(
    Array.from(
      { length: to - from },
      (_, i) => ({ type: 'put', target: events, key: keyOf(from + i), data: valueOf(from + i) }) as const,
    ),
  );
}

async function openWith(count: number): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  const events = await manager.createCollection('events', 'actor');
  await fill(manager, events, 0, count);
  // Neighbours in the order of the prefixes.
  for (const prefix of ['actop', 'actor ', 'actor1', 'actos']) {
    await (await manager.createCollection('events', prefix)).put('000500', Buffer.from('not mine'));
  }
  return { manager, events };
}

/** Entries as lines of text: jest compares thousands of Buffers one byte at a time. */
const lineOf = ([key, value]: Entry): string => `${key}=${value.toString('latin1')}`;
const lines = async (iteration: AsyncIterable<Entry>): Promise<string[]> => (await collect(iteration)).map(lineOf);
const expected = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => lineOf([keyOf(from + i), valueOf(from + i)]));

describe('an iteration over many pages', () => {
  it.each([0, 1, 255, 256, 257, 1024, 5000])(
    'gives every one of %i entries once, in both directions',
    async (count) => {
      const { events } = await openWith(count);
      expect(await lines(events.iter())).toEqual(expected(0, count));
      expect(await lines(events.iter(true))).toEqual(expected(0, count).reverse());
      expect(await lines(events.iter({ consistent: true }))).toEqual(expected(0, count));
      expect(await lines(events.iter({ consistent: true, reverse: true }))).toEqual(expected(0, count).reverse());
    },
  );

  it('gives as many as its limit says', async () => {
    const { events } = await openWith(3000);
    for (const limit of [0, 1, 256, 257, 2999, 3000, 3001, Infinity]) {
      expect(await lines(events.iter({ limit }))).toEqual(expected(0, Math.min(limit, 3000)));
      expect(await lines(events.iter({ limit, reverse: true }))).toEqual(expected(0, 3000).reverse().slice(0, limit));
    }
    expect(await lines(events.iterRange(keyOf(10), keyOf(2000), { limit: 1500 }))).toEqual(expected(10, 1510));
  });

  it('keeps to its bounds', async () => {
    const { events } = await openWith(3000);
    expect(await lines(events.iterRange(keyOf(100), keyOf(2900)))).toEqual(expected(100, 2901));
    expect(await lines(events.iterRange(keyOf(100), keyOf(2900), true))).toEqual(expected(100, 2901).reverse());
    expect(await lines(events.iterRange('000100x', '002900x'))).toEqual(expected(101, 2901));
    expect(await lines(events.iterRange(undefined, keyOf(1)))).toEqual(expected(0, 2));
    expect(await lines(events.iterRange(keyOf(2998)))).toEqual(expected(2998, 3000));
    expect(await lines(events.iterRange(keyOf(5), keyOf(4)))).toEqual([]);
    expect(await lines(events.iterRange(keyOf(5), keyOf(5)))).toEqual(expected(5, 6));
    expect(await lines(events.iterRange('', '\u{10ffff}'.repeat(3)))).toEqual(expected(0, 3000));
  });

  it('gives entries of very different sizes in order', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const sizes = [
      0, 5_000_000, 1, 0, 300_000, 300_000, 300_000, 2, 1_100_000, 1_100_000, 4_200_000, 0, 17_000, 16_384, 16_385,
    ];
    await manager.writeBatch(
      Array.from({ length: 600 }, (_, i) => ({
        type: 'put',
        target: events,
        key: keyOf(i),
        data: Buffer.alloc(i >= 300 && i < 300 + sizes.length ? sizes[i - 300]! : i % 7, i % 256),
      })),
    );
    for (const reverse of [false, true]) {
      const keys: string[] = [];
      for await (const [key, value] of events.iter({ reverse })) {
        const i = Number(key);
        keys.push(key);
        expect(value.length).toBe(i >= 300 && i < 300 + sizes.length ? sizes[i - 300]! : i % 7);
        if (value.some((byte) => byte !== i % 256)) throw new Error(`the value of ${key} has other bytes`);
      }
      const all = Array.from({ length: 600 }, (_, i) => keyOf(i));
      expect(keys).toEqual(reverse ? all.reverse() : all);
    }
  });

  it.each([
    { what: 'large values', isLarge: () => true },
    { what: 'a large value in ten', isLarge: (i: number) => i % 10 === 0 },
    { what: 'small values after large ones', isLarge: (i: number) => i < 10 },
  ])('looks at hardly more rows than it gives: $what', async ({ isLarge }) => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const large = Buffer.alloc(1.5 * 2 ** 20, 7);
    for (let i = 0; i < 40; i++) await events.put(keyOf(i), isLarge(i) ? large : valueOf(i));
    let given = 0;
    for await (const [key] of events.iter()) if (key !== keyOf(given++)) throw new Error(`out of order: ${key}`);
    expect(given).toBe(40);
    const asked = connections
      .flatMap(({ calls }) => calls)
      .flatMap(({ parameters: [, , , rows] }) => (rows === undefined ? [] : [Number(rows)]));
    // The first page cannot know yet.
    const [first = 0, ...later] = asked;
    expect(first).toBe(256);
    expect(later.reduce((sum, rows) => sum + rows)).toBeLessThan(4 * given);
  });

  it('sees a write beyond the pages fetched so far, and no deleted entry there', async () => {
    const { manager, events } = await openWith(5000);
    const seen = new Set<string>();
    for await (const [key] of events.iter()) {
      if (seen.size === 0) {
        await fill(manager, events, 5000, 5010);
        await events.delRange(keyOf(4000), keyOf(4100));
      }
      expect(seen.has(key)).toBe(false);
      seen.add(key);
    }
    expect(seen.has(keyOf(5009))).toBe(true);
    expect(seen.has(keyOf(4050))).toBe(false);
    expect(seen.size).toBe(5010 - 101);
  });

  it('of a log that is purged after the first entry gives no more than the pages fetched by then', async () => {
    const { events } = await openWith(10_000);
    let count = 0;
    for await (const [key] of events.iter()) {
      expect(key).toBe(keyOf(count));
      if (count++ === 0) await events.purge();
    }
    expect(count).toBeLessThanOrEqual(2 * 1024);
  });

  it('does not deadlock when its body writes through the same handle', async () => {
    const { events } = await openWith(2000);
    let count = 0;
    for await (const [key, value] of events.iter()) {
      await events.put(key, Buffer.concat([value, Buffer.from('!')]));
      count++;
    }
    expect(count).toBe(2000);
    expect(await events.get(keyOf(1999))).toEqual(Buffer.from('value 1999!'));
  });

  it('answers overlapping pulls in the order of the calls', async () => {
    const { events } = await openWith(600);
    const iterator = await events.iter();
    const results = await Promise.all(Array.from({ length: 602 }, () => iterator.next()));
    expect(results.slice(0, 600).map(({ value }) => lineOf(value as Entry))).toEqual(expected(0, 600));
    expect(results.slice(600)).toEqual([done, done]);
  });

  it('lets any number run at once', async () => {
    const { events } = await openWith(1500);
    const counts = await Promise.all(Array.from({ length: 30 }, async () => (await collect(events.iter())).length));
    expect(new Set(counts)).toEqual(new Set([1500]));
  });

  it('holds no lock between pulls', async () => {
    const { manager, events } = await openWith(5000);
    const iterators = await Promise.all(Array.from({ length: 10 }, () => events.iter()));
    await Promise.all(iterators.map((iterator) => iterator.next()));
    const other = await temporary.connect(manager.path);
    await other.exec("BEGIN EXCLUSIVE; INSERT INTO events VALUES ('other', '1', x'01'); COMMIT");
    const [checkpoint] = await other.all<{ busy: number }[]>('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(checkpoint?.busy).toBe(0);
    await Promise.all(iterators.map((iterator) => iterator.return()));
  });

  it('gives values that a caller may change without changing another result', async () => {
    const { events } = await openWith(20);
    const [first, second] = await Promise.all([collect(events.iter()), collect(events.iter())]);
    for (const [, value] of first) value.fill(0);
    expect(second.map(lineOf)).toEqual(expected(0, 20));
    const neighbours = await collect(events.iter());
    neighbours[3]![1].fill(0);
    expect(neighbours[2]).toEqual([keyOf(2), valueOf(2)]);
    expect(neighbours[4]).toEqual([keyOf(4), valueOf(4)]);
  });

  it('stops at the signal, between pulls and within', async () => {
    const { events } = await openWith(3000);
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: string[] = [];
    const loop = (async () => {
      for await (const [key] of events.iter({ signal: controller.signal })) {
        seen.push(key);
        if (seen.length === 10) controller.abort(reason);
      }
    })();
    expect(await rejection(loop)).toBe(reason);
    expect(seen).toHaveLength(10);
    const within = new AbortController();
    const iterator = await events.iter({ consistent: true, signal: within.signal });
    const pull = iterator.next();
    within.abort(reason);
    expect(await rejection(pull)).toBe(reason);
    expect(await iterator.next()).toEqual(done);
  });

  it.each([
    ['a bound that is a number', (events: SqliteCollection) => events.iterRange(5 as unknown as string, 'b')],
    ['a lone surrogate as a bound', (events: SqliteCollection) => events.iterRange('a', '\ud800')],
    ['options that are text', (events: SqliteCollection) => events.iter('reverse' as unknown as boolean)],
    ['a negative limit', (events: SqliteCollection) => events.iter({ limit: -1 })],
    ['half a limit', (events: SqliteCollection) => events.iter({ limit: 1.5 })],
    ['a signal that is none', (events: SqliteCollection) => events.iter({ signal: {} as AbortSignal })],
    ['reverse as text', (events: SqliteCollection) => events.iter({ reverse: 'yes' as unknown as boolean })],
  ])('rejects its first pull for %s and is done', async (_title, make) => {
    const { events } = await openWith(1);
    const iterator = await make(events);
    const error = await rejection(iterator.next());
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await iterator.next()).toEqual(done);
  });
});

describe('a consistent iteration', () => {
  it('sees the moment of its first pull, whatever is purged, deleted or written meanwhile', async () => {
    const { manager, events } = await openWith(5000);
    const iterator = await events.iter({ consistent: true });
    await events.put(keyOf(5000), valueOf(5000));
    expect(await iterator.next()).toEqual({ done: false, value: [keyOf(0), valueOf(0)] });
    await events.purge();
    await fill(manager, events, 10_000, 10_010);
    expect(await lines(iterator)).toEqual(expected(1, 5001));
    expect(await lines(events.iter())).toEqual(expected(10_000, 10_010));
  });

  it('keeps its bounds, its limit and its direction', async () => {
    const { events } = await openWith(3000);
    const iterator = await events.iterRange(keyOf(10), keyOf(2500), { consistent: true, reverse: true, limit: 2000 });
    await iterator.next();
    await events.purge();
    expect(await lines(iterator)).toEqual(expected(501, 2500).reverse());
  });

  const pulled = async (events: SqliteCollection): Promise<EntryIterator<Entry>> => {
    const iterator = await events.iter({ consistent: true });
    await iterator.next();
    return iterator;
  };

  it('is one of at most four; a fifth rejects its first pull at once', async () => {
    const { manager, events } = await openWith(3000);
    const open = await Promise.all([1, 2, 3, 4].map(() => pulled(events)));
    const fifth = await events.iter({ consistent: true });
    const error = await rejection(fifth.next());
    expect(error).toBeInstanceOf(StoreOperationError);
    expect(error).toMatchObject({ operation: 'read_view_limit', path: manager.path });
    expect(error.message).toMatch(/4/);
    expect(await fifth.next()).toEqual(done);
    await open[0]!.return();
    await (await pulled(events)).return();
    for (const iterator of open.slice(1)) expect(await lines(iterator)).toEqual(expected(1, 3000));
  });

  it('counts when it is pulled, not when it is made', async () => {
    const { events } = await openWith(10);
    const made = await Promise.all(Array.from({ length: 20 }, () => events.iter({ consistent: true })));
    const outcomes = await Promise.allSettled(made.map((iterator) => iterator.next()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    await Promise.all(made.map((iterator) => iterator.return()));
    for (let i = 0; i < 10; i++) expect(await lines(events.iter({ consistent: true }))).toHaveLength(10);
  });

  it('gives its place back however it ends', async () => {
    const { events } = await openWith(3000);
    await (await pulled(events)).return();
    // SQLite keeps the descriptor of a closed connection for the next one: https://sqlite.org/src/file?name=src/os_unix.c (setPendingFd)
    const before = showsDescriptors ? openDescriptors() : 0;
    const endings: ((iterator: EntryIterator<Entry>, controller: AbortController) => PromiseLike<unknown>)[] = [
      (iterator) => collect(iterator),
      (iterator) => iterator.return(),
      (iterator) => iterator[Symbol.asyncDispose](),
      async (iterator, controller) => {
        controller.abort(new Error('enough'));
        await rejection(iterator.next());
      },
      async (iterator) => {
        for await (const entry of iterator) if (entry[0] === keyOf(2)) break;
      },
      (iterator) =>
        rejection(
          (async () => {
            for await (const entry of iterator) throw new Error(entry[0]);
          })(),
        ),
    ];
    for (const end of endings) {
      for (let i = 0; i < 5; i++) {
        const controller = new AbortController();
        const iterator = await events.iter({ consistent: true, signal: controller.signal });
        await iterator.next();
        await end(iterator, controller);
        expect(await iterator.next()).toEqual(done);
      }
    }
    if (showsDescriptors) expect(openDescriptors()).toBe(before);
  });

  it('that gets no connection says so, and takes none of the four places', async () => {
    const { manager, events } = await openWith(3000);
    const elsewhere = temporary.path('elsewhere.db');
    // Nothing reads or writes meanwhile.
    renameSync(manager.path, elsewhere);
    for (let i = 0; i < 5; i++) {
      const error = await rejection(collect(events.iter({ consistent: true })));
      expect(error).toMatchObject({ operation: 'open_connection', sqliteName: 'SQLITE_CANTOPEN', path: manager.path });
    }
    renameSync(elsewhere, manager.path);
    expect(await lines(events.iter({ consistent: true }))).toEqual(expected(0, 3000));
  });

  it('holds back no write', async () => {
    const { events } = await openWith(3000);
    const iterator = await pulled(events);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => events.put(`new ${i}`, Buffer.from('x'))));
    expect(await lines(iterator)).toEqual(expected(1, 3000));
  });

  it('that stays open for 60 seconds is reported with its age', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ logger });
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.from('x'));
    await events.put('2', Buffer.from('x'));
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const iterator = await pulled(events);
    jest.advanceTimersByTime(59_000);
    expect(logger.records.filter(({ level }) => level === 'warn')).toEqual([]);
    jest.advanceTimersByTime(2_000);
    const warnings = logger.records.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).toMatch(/6[01]/);
    await iterator.return();
    jest.advanceTimersByTime(600_000);
    expect(logger.records.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});

describe('the prefixes of a table', () => {
  it('come once each, in the order of their bytes, over many pages', async () => {
    const manager = await temporary.open();
    const names = Array.from({ length: 3000 }, (_, i) => `actor ${keyOf(i)}`);
    const handles = await Promise.all(
      [...names, '', 'a.b', '～', '🎭'].map((prefix) => manager.createCollection('events', prefix)),
    );
    await manager.writeBatch(
      handles.flatMap((target) =>
        ['1', '2'].map((key) => ({ type: 'put', target, key, data: Buffer.from('x') }) as const),
      ),
    );
    expect(await collect(manager.prefixes('events'))).toEqual(['', 'a.b', ...names, '～', '🎭']);
    expect(await collect(manager.prefixes('EVENTS'))).toHaveLength(3004);
  });

  it('are those that have rows', async () => {
    const manager = await temporary.open();
    const state = await manager.createState('snapshots', 'a');
    await manager.createState('snapshots', 'b');
    expect(await collect(manager.prefixes('snapshots'))).toEqual([]);
    await state.put(Buffer.from('x'));
    expect(await collect(manager.prefixes('snapshots'))).toEqual(['a']);
    expect(await collect(manager.prefixes('no_such_table'))).toEqual([]);
  });

  it('of a table with a name that is not allowed reject the first pull', async () => {
    const manager = await temporary.open();
    const iterator = await manager.prefixes('bad-name');
    expect(await rejection(iterator.next())).toMatchObject({ code: 'CREATE_STORE' });
    expect(await iterator.next()).toEqual(done);
  });

  it('can be left early and started again', async () => {
    const manager = await temporary.open();
    for (const prefix of ['a', 'b', 'c']) await (await manager.createState('snapshots', prefix)).put(Buffer.from('x'));
    for await (const prefix of manager.prefixes('snapshots')) {
      expect(prefix).toBe('a');
      break;
    }
    expect(await collect(manager.prefixes('snapshots'))).toEqual(['a', 'b', 'c']);
  });
});
