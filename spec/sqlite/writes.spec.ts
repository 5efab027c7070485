import type { BatchOperation, SqliteCollection, SqliteManager } from '../../lib/index';
import { EntryExistsError, EntryNotFoundError, StoreOperationError } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();

const bytes = (text: string): Buffer => Buffer.from(text);

async function contents(events: SqliteCollection): Promise<Record<string, string>> {
  return Object.fromEntries((await collect(events.iter())).map(([key, value]) => [key, value.toString()]));
}

async function openWithEvents(): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  return { manager, events: await manager.createCollection('events', 'actor') };
}

describe('a write', () => {
  it('is in the file when its promise resolves', async () => {
    const manager = await temporary.open({ durability: true });
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    const seen = async (): Promise<unknown> =>
      queryFromOutside(
        manager.path,
        "SELECT sn, hex(value) AS value FROM events UNION ALL SELECT '', hex(value) FROM snapshots",
      );
    await events.put('1', Buffer.of(1));
    expect(await seen()).toEqual([{ sn: '1', value: '01' }]);
    await state.put(Buffer.of(2));
    expect(await seen()).toEqual([
      { sn: '1', value: '01' },
      { sn: '', value: '02' },
    ]);
    await events.del('1');
    expect(await seen()).toEqual([{ sn: '', value: '02' }]);
    await state.purge();
    expect(await seen()).toEqual([]);
  });

  it('is seen by a read that starts when it has resolved, on whichever reader', async () => {
    const { events } = await openWithEvents();
    for (let i = 0; i < 200; i++) {
      await events.put('1', bytes(String(i)));
      const [one, two, three] = await Promise.all([events.get('1'), events.last(), events.getByRange(undefined, 1)]);
      expect([one.toString(), two?.[1].toString(), three[0]?.toString()]).toEqual([String(i), String(i), String(i)]);
    }
  });

  it('of ten thousand that are issued at once and not awaited is in the file after stop, in its place', async () => {
    const manager = await temporary.open();
    const handles = await Promise.all(
      Array.from({ length: 100 }, (_, i) => manager.createCollection('events', `actor ${i}`)),
    );
    for (let i = 0; i < 10_000; i++)
      void handles[i % 100]!.put(String(Math.floor(i / 100)).padStart(4, '0'), bytes(String(i)));
    await manager.stop();
    const rows = await queryFromOutside<{ prefix: string; value: string }>(
      manager.path,
      'SELECT prefix, sn, CAST(value AS TEXT) AS value FROM events ORDER BY rowid',
    );
    expect(rows).toHaveLength(10_000);
    for (const actor of [0, 7, 99]) {
      const mine = rows.filter(({ prefix }) => prefix === `actor ${actor}`);
      expect(mine.map(({ value }) => Number(value))).toEqual(Array.from({ length: 100 }, (_, n) => 100 * n + actor));
    }
  });

  it('stores the bytes that its array held at the call', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    const data = Buffer.from('before');
    const operations: BatchOperation[] = [
      { type: 'put', target: events, key: '3', data },
      { type: 'put', target: state, data },
    ];
    const writes = [events.put('1', data), events.insert('2', data), manager.writeBatch(operations)];
    data.fill('x');
    operations.length = 0;
    await Promise.all(writes);
    expect(await contents(events)).toEqual({ 1: 'before', 2: 'before', 3: 'before' });
    expect((await state.get()).toString()).toBe('before');
  });

  it('takes a view of a larger memory, shared memory and a subclass', async () => {
    const { events } = await openWithEvents();
    const large = Buffer.from('0123456789');
    class Mine extends Uint8Array {
      override get length(): number {
        return 1;
      }
    }
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set([1, 2, 3]);
    await Promise.all([
      events.put('view', new Uint8Array(large.buffer, large.byteOffset + 2, 3)),
      events.put('shared', shared),
      events.put('mine', Mine.from([4, 5, 6])),
    ]);
    expect(await events.getMany(['view', 'shared', 'mine'])).toEqual([
      bytes('234'),
      Buffer.of(1, 2, 3),
      Buffer.of(4, 5, 6),
    ]);
  });
});

describe('writes that are not awaited', () => {
  it('take effect in the order of the calls through one handle', async () => {
    const { events } = await openWithEvents();
    const outcomes = await Promise.allSettled([
      events.put('a', bytes('1')),
      events.put('a', bytes('2')),
      events.del('a'),
      events.del('a'),
      events.insert('a', bytes('3')),
      events.insert('a', bytes('4')),
      events.put('b', bytes('5')),
      events.delRange('a', 'a'),
      events.put('c', bytes('6')),
      events.purge(),
      events.del('c'),
      events.put('d', bytes('7')),
    ]);
    expect(outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([3, 5, 10]);
    expect(await contents(events)).toEqual({ d: '7' });
  });

  it('take effect in the order of the calls across handles and batches', async () => {
    const { manager, events } = await openWithEvents();
    const same = await manager.createCollection('EVENTS', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    const outcomes = await Promise.allSettled([
      events.put('a', bytes('1')),
      same.del('a'),
      manager.writeBatch([
        { type: 'insert', target: events, key: 'a', data: bytes('2') },
        { type: 'put', target: state, data: bytes('s') },
      ]),
      same.insert('a', bytes('3')),
      state.del(),
      manager.writeBatch([
        { type: 'put', target: same, key: 'b', data: bytes('4') },
        { type: 'del', target: state },
      ]),
      events.put('c', bytes('5')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await contents(events)).toEqual({ a: '2', c: '5' });
    expect(await state.find()).toBeUndefined();
  });

  it('take effect in the order of the calls when a table is made among them', async () => {
    const { manager, events } = await openWithEvents();
    const first = events.put('1', bytes('a'));
    const other = await manager.createCollection('others', 'actor');
    await Promise.all([first, other.put('1', bytes('b')), events.put('2', bytes('c'))]);
    expect(await contents(events)).toEqual({ 1: 'a', 2: 'c' });
    expect(await contents(other)).toEqual({ 1: 'b' });
  });

  it('settle in the order of the calls', async () => {
    const { events } = await openWithEvents();
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => {
        const write = i % 10 === 3 ? rejection(events.del(`missing ${i}`)) : events.put(String(i), bytes('x'));
        return write.then(() => order.push(i));
      }),
    );
    const puts = order.filter((i) => i % 10 !== 3);
    expect(puts).toEqual([...puts].sort((a, b) => a - b));
  });

  it('fail alone where failing is to be expected', async () => {
    const { events } = await openWithEvents();
    await events.put('there', bytes('old'));
    const calls = Array.from({ length: 300 }, (_, i) => {
      if (i % 50 === 7) return events.del(`missing ${i}`);
      if (i % 50 === 9) return events.insert('there', bytes('new'));
      return events.put(`key ${i}`, bytes(String(i)));
    });
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.flatMap((outcome, i) =>
      outcome.status === 'rejected' ? [[i, outcome.reason] as const] : [],
    );
    expect(failed.map(([i]) => i)).toEqual([7, 9, 57, 59, 107, 109, 157, 159, 207, 209, 257, 259]);
    for (const [i, reason] of failed) {
      expect(reason).toBeInstanceOf(i % 50 === 7 ? EntryNotFoundError : EntryExistsError);
      expect(reason).toMatchObject(
        i % 50 === 7 ? { key: `actor.missing ${i}`, entryKey: `missing ${i}` } : { key: 'actor.there' },
      );
    }
    expect(Object.keys(await contents(events))).toHaveLength(300 - 12 + 1);
    expect(await events.get('there')).toEqual(bytes('old'));
  });
});

describe('a batch', () => {
  it('is all there or not at all, and names the operation that failed', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    await events.put('kept', bytes('x'));
    const failing: [BatchOperation, typeof EntryNotFoundError | typeof EntryExistsError, string][] = [
      [{ type: 'del', target: events, key: 'missing' }, EntryNotFoundError, 'actor.missing'],
      [{ type: 'insert', target: events, key: 'kept', data: bytes('y') }, EntryExistsError, 'actor.kept'],
    ];
    for (const [operation, type, key] of failing) {
      const error = await rejection(
        manager.writeBatch([
          { type: 'put', target: events, key: 'new', data: bytes('x') },
          { type: 'purge', target: events },
          { type: 'put', target: events, key: 'kept', data: bytes('z') },
          { type: 'put', target: state, data: bytes('x') },
          operation,
          { type: 'put', target: events, key: 'later', data: bytes('x') },
        ]),
      );
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ key, table: 'events', prefix: 'actor' });
      expect(error.message).toContain('operation 4 of the batch');
      expect(await contents(events)).toEqual({ kept: 'x' });
      expect(await state.find()).toBeUndefined();
    }
    const missing = await rejection(
      manager.writeBatch([
        { type: 'purge', target: state },
        { type: 'del', target: state },
      ]),
    );
    expect(missing).toMatchObject({ code: 'ENTRY_NOT_FOUND', key: 'actor' });
    expect(missing.message).toBe('entry not found: actor (operation 1 of the batch)');
  });

  it('applies its operations in their order, each seeing those before it', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    await manager.writeBatch([
      { type: 'put', target: events, key: 'a', data: bytes('1') },
      { type: 'put', target: events, key: 'b', data: bytes('2') },
      { type: 'del', target: events, key: 'a' },
      { type: 'insert', target: events, key: 'a', data: bytes('3') },
      { type: 'delRange', target: events, start: 'b' },
      { type: 'put', target: events, key: 'c', data: bytes('4') },
      { type: 'put', target: state, data: bytes('5') },
      { type: 'del', target: state },
      { type: 'put', target: state, data: bytes('6') },
    ]);
    expect(await contents(events)).toEqual({ a: '3', c: '4' });
    expect((await state.get()).toString()).toBe('6');
  });

  it('may hold more operations than one group', async () => {
    const { manager, events } = await openWithEvents();
    await manager.writeBatch(
      Array.from(
        { length: 5000 },
        (_, i) => ({ type: 'put', target: events, key: String(i), data: bytes('x') }) as const,
      ),
    );
    expect(Object.keys(await contents(events))).toHaveLength(5000);
    const error = await rejection(
      manager.writeBatch([
        ...Array.from({ length: 5000 }, (_, i) => ({ type: 'del', target: events, key: String(i) }) as const),
        { type: 'del', target: events, key: 'missing' },
      ]),
    );
    expect(error.message).toContain('operation 5000 of the batch');
    expect(Object.keys(await contents(events))).toHaveLength(5000);
  });

  it.each([255, 254, 253])(
    'of ranges whose keys fill a megabyte to about its last byte deletes them all (%i)',
    async (length) => {
      const manager = await temporary.open();
      const events = await manager.createCollection('events', '');
      await Promise.all([events.put('', bytes('x')), events.put('z', bytes('x'))]);
      const start = '~'.repeat(255);
      await manager.writeBatch([
        ...Array.from({ length: 4095 }, () => ({ type: 'delRange', target: events, start }) as const),
        { type: 'delRange', target: events, start: start.slice(0, length) },
        { type: 'delRange', target: events },
      ]);
      expect(await contents(events)).toEqual({});
    },
  );

  it('that is refused leaves its neighbours in the group alone', async () => {
    const { manager, events } = await openWithEvents();
    const outcomes = await Promise.allSettled([
      events.put('1', bytes('x')),
      manager.writeBatch([
        { type: 'put', target: events, key: '2', data: bytes('x') },
        { type: 'del', target: events, key: 'missing' },
      ]),
      events.put('3', bytes('x')),
      events.del('2'),
      manager.writeBatch([
        { type: 'put', target: events, key: '4', data: bytes('x') },
        { type: 'del', target: events, key: '3' },
      ]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await contents(events)).toEqual({ 1: 'x', 4: 'x' });
  });

  it('takes any iterable, once, before the call returns', async () => {
    const { manager, events } = await openWithEvents();
    let finished = false;
    function* operations(): Generator<BatchOperation> {
      yield { type: 'put', target: events, key: '1', data: bytes('x') };
      yield { type: 'put', target: events, key: '2', data: bytes('y') };
      finished = true;
    }
    const writing = manager.writeBatch(operations());
    expect(finished).toBe(true);
    await writing;
    await manager.writeBatch(new Set<BatchOperation>([{ type: 'del', target: events, key: '1' }]));
    expect(await contents(events)).toEqual({ 2: 'y' });
  });

  it('of any shape is written, however many shapes there are', async () => {
    const manager = await temporary.open();
    const tables = await Promise.all(
      Array.from({ length: 100 }, (_, i) => manager.createCollection(`events_${i}`, 'actor')),
    );
    for (let round = 0; round < 2; round++) {
      for (const [i, target] of tables.entries()) {
        await manager.writeBatch([
          { type: 'put', target, key: '1', data: bytes(`${round}`) },
          { type: 'put', target: tables[(i + 1) % 100]!, key: '2', data: bytes(`${round}`) },
          { type: 'delRange', target, start: '3' },
        ]);
        expect((await target.get('1')).toString()).toBe(`${round}`);
      }
    }
    expect(await contents(tables[50]!)).toEqual({ 1: '1', 2: '1' });
  });

  it('whose iterable throws rejects with that, and nothing of it is there', async () => {
    const { manager, events } = await openWithEvents();
    const thrown = new Error('mine');
    function* operations(): Generator<BatchOperation> {
      yield { type: 'put', target: events, key: '1', data: bytes('x') };
      throw thrown;
    }
    expect(await rejection(manager.writeBatch(operations()))).toBe(thrown);
    expect(await contents(events)).toEqual({});
  });

  it('of nothing succeeds', async () => {
    const { manager } = await openWithEvents();
    await manager.writeBatch([]);
  });

  it.each([
    ['no iterable', () => 5],
    ['undefined', () => undefined],
    ['an operation that is null', () => [null]],
    ['an unknown type', (target: unknown) => [{ type: 'upsert', target, key: '1', data: bytes('x') }]],
    ['no target', () => [{ type: 'purge' }]],
    ['a target that is no handle', () => [{ type: 'purge', target: { name: 'events', prefix: 'actor' } }]],
    ['no key', (target: unknown) => [{ type: 'del', target }]],
    ['no data', (target: unknown) => [{ type: 'put', target, key: '1' }]],
    ['data that is text', (target: unknown) => [{ type: 'put', target, key: '1', data: 'x' }]],
    ['a bound that is a number', (target: unknown) => [{ type: 'delRange', target, start: 5 }]],
  ])('with %s is a TypeError, and nothing of it is there', async (_title, make) => {
    const { manager, events } = await openWithEvents();
    const wrong = make(events);
    const operations = Array.isArray(wrong)
      ? [{ type: 'put', target: events, key: '0', data: bytes('x') }, ...wrong]
      : wrong;
    const error = await rejection(manager.writeBatch(operations as BatchOperation[]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    if (Array.isArray(wrong)) expect(error.message).toContain('operation 1 of the batch');
    expect(await contents(events)).toEqual({});
  });

  it('on a handle of another manager is a TypeError', async () => {
    const { manager, events } = await openWithEvents();
    const other = await (await temporary.open({}, temporary.path('other'))).createCollection('events', 'actor');
    const error = await rejection(
      manager.writeBatch([
        { type: 'put', target: events, key: '1', data: bytes('x') },
        { type: 'put', target: other, key: '1', data: bytes('x') },
      ]),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/target/);
    expect(await contents(events)).toEqual({});
    expect(await contents(other)).toEqual({});
  });

  it('of insert or delRange on a state is a TypeError', async () => {
    const { manager } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    for (const type of ['insert', 'delRange']) {
      const operation = { type, target: state, key: '1', data: bytes('x') } as unknown as BatchOperation;
      expect(await rejection(manager.writeBatch([operation]))).toBeInstanceOf(TypeError);
    }
  });
});

describe('what waits to be written', () => {
  it('is bounded: a write beyond it is refused and nothing of it is queued', async () => {
    const manager = await temporary.open({ maxQueuedBytes: 1000 });
    const events = await manager.createCollection('events', 'actor');
    const first = events.put('1', Buffer.alloc(500));
    const refused = [
      rejection(events.put('2', Buffer.alloc(500))),
      rejection(
        manager.writeBatch([
          { type: 'put', target: events, key: '3', data: Buffer.alloc(1) },
          { type: 'put', target: events, key: '4', data: Buffer.alloc(500) },
        ]),
      ),
    ];
    const second = events.put('5', Buffer.alloc(100));
    for (const error of await Promise.all(refused)) {
      expect(error).toBeInstanceOf(StoreOperationError);
      expect(error).toMatchObject({ operation: 'queue_full', outcomeUnknown: false, path: manager.path });
      expect(error.message).toMatch(/1000/);
    }
    expect(await refused[0]).toMatchObject({ table: 'events', prefix: 'actor', key: 'actor.2', entryKey: '2' });
    await Promise.all([first, second]);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['1', '5']);
  });

  it('takes any single write when nothing else waits', async () => {
    const manager = await temporary.open({ maxQueuedBytes: 1 });
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.alloc(5000));
    await manager.writeBatch([
      { type: 'put', target: events, key: '2', data: Buffer.alloc(5000) },
      { type: 'put', target: events, key: '3', data: Buffer.alloc(5000) },
    ]);
    expect(await collect(events.iter())).toHaveLength(3);
  });

  it('counts value, key and 128 bytes for each operation, up to the limit itself', async () => {
    const manager = await temporary.open({ maxQueuedBytes: 3 * (128 + 10 + 2) });
    const events = await manager.createCollection('events', 'actor');
    const puts = ['k1', 'k2', 'k3', 'k4'].map((key) => events.put(key, Buffer.alloc(10)));
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  });

  it('makes room when writes settle, also when they fail', async () => {
    const manager = await temporary.open({ maxQueuedBytes: 300 });
    const events = await manager.createCollection('events', 'actor');
    for (let i = 0; i < 20; i++) {
      await Promise.allSettled([events.del(`missing ${i}`), events.put('1', Buffer.alloc(20))]);
      await rejection(events.put('\ud800', Buffer.alloc(20)));
    }
    expect(await events.get('1')).toHaveLength(20);
  });
});
