import {
  EntryNotFoundError,
  GetError,
  StoreOperationError,
  type SqliteCollection,
  type SqliteManager,
} from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
const data = Buffer.from('x');

async function openWithEvents(): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  const events = await manager.createCollection('events', 'actor');
  await Promise.all(['1', '2', '3', '4', '5'].map((key) => events.put(key, data)));
  return { manager, events };
}

async function alter(manager: SqliteManager, sql: string): Promise<void> {
  const outside = await temporary.connect(manager.path);
  await outside.exec(sql);
  await temporary.disconnect(outside);
}

describe('a value that is no blob, written from outside', () => {
  it.each([
    ['text', "'text'"],
    ['text that looks like JSON', `'{"a": 1}'`],
    ['empty text', "''"],
    ['text beyond ASCII', "'ünï🎭'"],
    ['an integer', '42'],
    ['zero', '0'],
    ['a real number', '1.5'],
  ])('is a GetError on every path when it is %s, and its neighbours are read', async (_title, value) => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      `UPDATE events SET value = ${value} WHERE sn = '3'; INSERT INTO events VALUES ('last', '9', ${value})`,
    );
    const last = await manager.createCollection('events', 'last');
    const foreign = async (reading: PromiseLike<unknown>, key = 'actor.3', entryKey = '3'): Promise<void> => {
      const error = await rejection(reading);
      expect(error).toBeInstanceOf(GetError);
      expect(error).toMatchObject({ code: 'GET', key, entryKey, table: 'events' });
      expect(error.message).not.toContain('42');
    };
    await foreign(events.get('3'));
    await foreign(events.find('3'));
    await foreign(events.getMany(['1', '3', '5']));
    await foreign(events.getMany(['3']));
    await foreign(events.getByRange('1', 3));
    await foreign(events.getByRange(undefined, -4));
    await foreign(last.last(), 'last.9', '9');
    for (const options of [{}, { reverse: true }, { consistent: true }]) {
      const seen: string[] = [];
      await foreign(
        (async () => {
          for await (const [key, bytes] of events.iter(options)) {
            expect(bytes).toEqual(data);
            seen.push(key);
          }
        })(),
      );
      expect(seen).toEqual('reverse' in options ? ['5', '4'] : ['1', '2']);
      await foreign(collect(events.iterRange('3', '3', options)));
    }
    const many = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => events.get(String((i % 5) + 1))));
    expect(many.filter(({ status }) => status === 'rejected')).toHaveLength(40);
    expect(await events.getMany(['1', '2', '4', '5'])).toEqual([data, data, data, data]);
    expect(await events.getByRange('3', 5)).toEqual([data, data]);
    expect(await collect(events.iterRange('4'))).toHaveLength(2);
    await events.put('3', data);
    expect(await events.get('3')).toEqual(data);
  });

  it('is a GetError for a state, with the bare prefix', async () => {
    const manager = await temporary.open();
    const state = await manager.createState('snapshots', 'actor');
    await alter(manager, "INSERT INTO snapshots VALUES ('actor', 'text')");
    for (const reading of [state.get(), state.find()]) {
      const error = await rejection(reading);
      expect(error).toBeInstanceOf(GetError);
      expect(error).toMatchObject({ key: 'actor', table: 'snapshots', prefix: 'actor' });
      expect(error).not.toHaveProperty('entryKey');
    }
    const gets = await Promise.all(Array.from({ length: 100 }, () => rejection(state.get())));
    expect(gets.every((error) => error instanceof GetError)).toBe(true);
    await state.put(data);
    expect(await state.get()).toEqual(data);
  });
});

describe('a key that is no text, written from outside', () => {
  it.each(['39', 'ffff'])(
    'never looks like another key, and never makes an iteration look complete: %s',
    async (hex) => {
      const { manager, events } = await openWithEvents();
      await alter(manager, `INSERT INTO events VALUES ('actor', x'${hex}', x'00')`);
      for (const options of [{}, { consistent: true }]) {
        const seen: string[] = [];
        const loop = (async () => {
          for await (const [key] of events.iter(options)) seen.push(key);
        })();
        expect(await rejection(loop)).toBeInstanceOf(GetError);
        expect(seen).toEqual(['1', '2', '3', '4', '5']);
      }
      expect(await rejection(collect(events.iter(true)))).toBeInstanceOf(GetError);
      expect(await rejection(events.last())).toBeInstanceOf(GetError);
      expect(await events.find('9')).toBeUndefined();
      expect(await collect(events.iterRange('1', '5'))).toHaveLength(5);
      await events.purge();
      expect(await collect(events.iter())).toEqual([]);
    },
  );

  it.each([1, 6_000_000])('that is no valid UTF-8 never comes twice (values of %i bytes)', async (size) => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      `INSERT INTO events VALUES ('actor', CAST(x'32ff' AS TEXT), zeroblob(${size})), ('actor', CAST(x'32fe' AS TEXT), zeroblob(${size}))`,
    );
    for (const reverse of [false, true]) {
      const seen: string[] = [];
      const loop = (async () => {
        for await (const [key] of events.iter({ reverse })) {
          if (seen.push(key) > 10) throw new Error(`the iteration does not end: ${seen.join()}`);
        }
      })();
      const outcome = await loop.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome === undefined) expect(seen).toHaveLength(7);
      else expect(outcome).toBeInstanceOf(GetError);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });
});

describe('a trigger made from outside', () => {
  const REJECTS_BAD = `CREATE TRIGGER guard BEFORE INSERT ON events WHEN NEW.sn = 'bad' BEGIN SELECT RAISE(ABORT, 'no such luck'); END`;

  it('that rejects one key fails that put alone, and its neighbours are committed', async () => {
    const { manager, events } = await openWithEvents();
    await events.purge();
    await alter(manager, REJECTS_BAD);
    const other = await manager.createCollection('events', 'other');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, i) =>
        i === 100 || i === 250 ? events.put('bad', data) : (i % 2 ? events : other).put(String(i), data),
      ),
    );
    const failed = outcomes.flatMap((outcome, i) =>
      outcome.status === 'rejected' ? [[i, outcome.reason as unknown] as const] : [],
    );
    expect(failed.map(([i]) => i)).toEqual([100, 250]);
    for (const [, error] of failed) {
      expect(error).toBeInstanceOf(StoreOperationError);
      expect(error).toMatchObject({
        operation: 'insert',
        sqliteName: 'SQLITE_CONSTRAINT',
        table: 'events',
        prefix: 'actor',
        outcomeUnknown: false,
        message: expect.stringContaining('no such luck') as unknown,
      });
    }
    const stored = (await collect(events.iter())).length + (await collect(other.iter())).length;
    expect(stored).toBe(298);
    await events.put('after', data);
  });

  it('that rejects one operation of a batch leaves nothing of it, and says which', async () => {
    const { manager, events } = await openWithEvents();
    await alter(manager, REJECTS_BAD);
    const state = await manager.createState('snapshots', 'actor');
    const [neighbour, batch] = await Promise.allSettled([
      events.put('neighbour', data),
      manager.writeBatch([
        { type: 'put', target: state, data },
        { type: 'put', target: events, key: 'good', data },
        { type: 'put', target: events, key: 'bad', data },
        { type: 'put', target: events, key: 'later', data },
      ]),
    ]);
    expect(neighbour.status).toBe('fulfilled');
    expect(batch.status === 'rejected' && (batch.reason as Error).message).toMatch(
      /no such luck.*operation 2 of the batch/,
    );
    expect(await events.getMany(['neighbour', 'good', 'bad', 'later'])).toEqual([
      data,
      undefined,
      undefined,
      undefined,
    ]);
    expect(await state.find()).toBeUndefined();
  });

  it('that rejects a delete fails that delete alone', async () => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      "CREATE TRIGGER guard BEFORE DELETE ON events WHEN OLD.sn = '3' BEGIN SELECT RAISE(ABORT, 'kept'); END",
    );
    const outcomes = await Promise.allSettled([
      events.del('1'),
      events.del('3'),
      events.put('6', data),
      events.delRange('2', '4'),
      events.del('5'),
      events.purge(),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    const operations = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as StoreOperationError).operation] : [],
    );
    expect(operations).toEqual(['delete', 'delete', 'purge']);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['2', '3', '4', '6']);
  });

  it('that rolls everything back fails that put alone', async () => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      `CREATE TRIGGER guard BEFORE INSERT ON events WHEN NEW.sn = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END`,
    );
    const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((key) => events.put(key, data)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await events.getMany(['a', 'bad', 'b'])).toEqual([data, undefined, data]);
  });

  it('that swallows an insert or a delete is not taken for a success of another', async () => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      `CREATE TRIGGER guard BEFORE DELETE ON events WHEN OLD.sn = '3' BEGIN SELECT RAISE(IGNORE); END`,
    );
    const outcomes = await Promise.allSettled(['1', '3', '5'].map((key) => events.del(key)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['2', '3', '4']);
  });

  it('that counts every row written changes nothing', async () => {
    const { manager, events } = await openWithEvents();
    await alter(
      manager,
      `CREATE TABLE log (n); CREATE TRIGGER audit AFTER INSERT ON events BEGIN INSERT INTO log VALUES (NEW.sn); END;
       CREATE TRIGGER audit2 AFTER DELETE ON events BEGIN DELETE FROM log; INSERT INTO log VALUES (1), (2), (3); END`,
    );
    const outcomes = await Promise.allSettled([
      events.put('6', data),
      events.insert('6', data),
      events.del('missing'),
      events.del('6'),
      events.del('6'),
      events.insert('7', data),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });
});

describe('a table that is dropped from outside', () => {
  it('makes reads fail with a GetError, not with a missing entry', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    await alter(manager, 'DROP TABLE events; DROP TABLE snapshots');
    const readings: [PromiseLike<unknown>, string][] = [
      [events.get('1'), 'actor.1'],
      [events.find('1'), 'actor.1'],
      [collect(events.iter()), 'actor'],
      [collect(events.iter({ consistent: true })), 'actor'],
      [collect(events.iterRange('1', '2')), 'actor'],
      [state.get(), 'actor'],
      [state.find(), 'actor'],
    ];
    for (const [reading, key] of readings) {
      const error = await rejection(reading);
      expect(error).toBeInstanceOf(GetError);
      expect(error).not.toBeInstanceOf(EntryNotFoundError);
      expect(error).toMatchObject({ key, sqliteName: 'SQLITE_ERROR', cause: { errno: 1 } });
      expect(error.message).toMatch(/no such table/);
    }
    expect(await rejection(events.getMany(['1', '2']))).toMatchObject({ code: 'GET' });
    expect(await rejection(events.last())).toMatchObject({ code: 'STORE', operation: 'get_latest_events' });
    expect(await rejection(events.getByRange(undefined, 2))).toMatchObject({
      code: 'STORE',
      operation: 'get_events_range',
    });
    expect(await rejection(events.getByRange('1', 2))).toMatchObject({ code: 'STORE', operation: 'get_events_range' });
  });

  it('makes writes to it fail alone, and comes back when it is made again', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    await manager.writeBatch([
      { type: 'put', target: events, key: '6', data },
      { type: 'put', target: state, data },
    ]);
    await alter(manager, 'DROP TABLE events');
    const outcomes = await Promise.allSettled([
      state.put(Buffer.from('1')),
      events.put('1', data),
      events.del('1'),
      events.purge(),
      manager.writeBatch([
        { type: 'put', target: state, data: Buffer.from('2') },
        { type: 'put', target: events, key: '1', data },
      ]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected']);
    expect(
      outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as StoreOperationError).operation] : [],
      ),
    ).toEqual(['insert', 'delete', 'purge', 'execute_batch']);
    expect((await state.get()).toString()).toBe('1');
    await alter(
      manager,
      'CREATE TABLE events (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn))',
    );
    await manager.writeBatch([
      { type: 'put', target: events, key: '7', data },
      { type: 'put', target: state, data },
    ]);
    expect(await events.last()).toEqual(['7', data]);
  });
});

describe('a prefix that is no valid UTF-8, written from outside', () => {
  it('ends the list of prefixes with a GetError, and never comes twice', async () => {
    const { manager } = await openWithEvents();
    await alter(
      manager,
      "INSERT INTO events VALUES (CAST(x'ff' AS TEXT), '1', x'00'), (CAST(x'fe' AS TEXT), '1', x'00')",
    );
    expect(await rejection(collect(manager.prefixes('events')))).toMatchObject({ code: 'GET', table: 'events' });
  });
});

describe('a row that another connection writes', () => {
  it('is seen by the next read and kept by insert', async () => {
    const { manager, events } = await openWithEvents();
    await alter(manager, "INSERT INTO events VALUES ('actor', '6', x'aa')");
    expect(await events.last()).toEqual(['6', Buffer.of(0xaa)]);
    expect(await rejection(events.insert('6', data))).toMatchObject({ code: 'ENTRY_EXISTS', key: 'actor.6' });
  });
});
