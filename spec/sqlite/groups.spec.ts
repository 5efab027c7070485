import { StoreOperationError, type SqliteCollection, type SqliteManager, type SqliteState } from '../../lib/index';
import { openManager } from '../../lib/sqlite/manager';
import type { CommitStep } from '../../lib/sqlite/fence';
import { collect, gate, rejection } from '../support/gates';
import { queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';
import { recordingLogger, useRecordedConnections, type RecordedCall } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();
const data = Buffer.from('x');

/** A manager whose commit step the spec has in its hands. */
async function openWith(
  commitStep: CommitStep,
  options = {},
): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = temporary.adopt(
    await openManager(temporary.path('store'), { durability: false, ...options }, { commitStep }),
  );
  return { manager, events: await manager.createCollection('events', 'actor') };
}

/** What the driver says when fsync fails: SQLITE_IOERR_FSYNC. */
const ioError = (): Error =>
  Object.assign(new Error('SQLITE_IOERR: disk I/O error'), { errno: 1034, code: 'SQLITE_IOERR' });

/** Fails the commits of groups as long as there are errors to fail them with; a step that fails is not run. */
function failing(errors: Error[]): CommitStep & { readonly steps: string[] } {
  const steps: string[] = [];
  const commitStep: CommitStep = async (step, what) => {
    steps.push(what);
    const error = errors.shift();
    if (error !== undefined) throw error;
    return step();
  };
  return Object.assign(commitStep, { steps });
}

describe('group commit', () => {
  it('takes fewer than 200 commits for 10,000 puts that are issued at once over 100 handles', async () => {
    const commits = failing([]);
    const { manager } = await openWith(commits);
    const handles = await Promise.all(
      Array.from({ length: 100 }, (_, i) => manager.createCollection('events', `actor ${i}`)),
    );
    commits.steps.length = 0;
    for (let i = 0; i < 10_000; i++) void handles[i % 100]!.put(String(i), data);
    await manager.stop();
    expect(commits.steps.length).toBeGreaterThan(0);
    expect(commits.steps.length).toBeLessThan(200);
    expect(
      await queryFromOutside(manager.path, 'SELECT count(*) AS n, count(DISTINCT prefix) AS actors FROM events'),
    ).toEqual([{ n: 10_000, actors: 100 }]);
  });

  it('commits whatever has piled up while a commit was in flight as the next group', async () => {
    const held = gate();
    const sizes: number[] = [];
    let first = true;
    const { events } = await openWith(async (step) => {
      if (first) {
        first = false;
        await held.pass();
      }
      sizes.push(1);
      return step();
    });
    const before = events.put('0', data);
    await held.reached;
    const piled = Array.from({ length: 100 }, (_, i) => events.put(String(i + 1), data));
    held.open();
    await Promise.all([before, ...piled]);
    expect(sizes).toHaveLength(2);
  });

  it('commits what is issued together in one step, whatever handle, table or batch it came through', async () => {
    const commits = failing([]);
    const { manager, events } = await openWith(commits);
    const state = await manager.createState('snapshots', 'actor');
    const other = await manager.createCollection('others', 'actor');
    commits.steps.length = 0;
    await Promise.all([
      events.put('1', data),
      state.put(data),
      other.insert('1', data),
      manager.writeBatch([
        { type: 'del', target: events, key: '1' },
        { type: 'put', target: events, key: '2', data },
      ]),
      events.delRange('3', '4'),
      other.purge(),
    ]);
    expect(commits.steps).toEqual(['group']);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['2']);
  });

  it('settles no write before its own commit', async () => {
    const held = gate();
    const { events } = await openWith(async (step) => {
      await held.pass();
      return step();
    });
    let settled = 0;
    const writes = Array.from({ length: 10 }, (_, i) => events.put(String(i), data).then(() => settled++));
    await held.reached;
    expect(await collect(events.iter())).toEqual([]);
    expect(settled).toBe(0);
    held.open();
    await Promise.all(writes);
    expect(settled).toBe(10);
  });
});

describe('writes of one kind that are issued together', () => {
  interface Actor {
    readonly events: SqliteCollection;
    readonly state: SqliteState;
  }
  const keys = Array.from({ length: 50 }, (_, i) => String(i));

  /** Fifty actors whose collections and states have something, and what the writer's connection runs from now on. */
  async function openActors(): Promise<{
    manager: SqliteManager;
    actors: Actor[];
    calls: RecordedCall[];
  }> {
    const manager = await temporary.open();
    const actors = await Promise.all(
      keys.map(async (key) => ({
        events: await manager.createCollection('events', key),
        state: await manager.createState('snapshots', key),
      })),
    );
    await Promise.all(
      actors.flatMap(({ events, state }) => [events.put('1', data), events.put('2', data), state.put(data)]),
    );
    // The first connection is the writer.
    const { calls } = connections[0]!;
    calls.length = 0;
    return { manager, actors, calls };
  }

  it.each<[string, (actor: Actor, key: string) => Promise<unknown>]>([
    ['puts of events', ({ events }, key) => events.put(key, data)],
    ['puts of one event', ({ events }) => events.put('1', data)],
    ['inserts', ({ events }, key) => events.insert(`new ${key}`, data)],
    ['dels', ({ events }) => events.del('1')],
    ['dels that find nothing', ({ events }) => events.del('3')],
    ['deleted ranges', ({ events }) => events.delRange('1', '2')],
    ['purges', ({ events }) => events.purge()],
    ['puts of states', ({ state }) => state.put(data)],
    ['dels of states', ({ state }) => state.del()],
    ['purges of states', ({ state }) => state.purge()],
  ])('go down as one statement: %s', async (_, write) => {
    const { actors, calls } = await openActors();
    await Promise.allSettled(actors.map((actor, i) => write(actor, keys[i]!)));
    expect(calls.map(({ sql }) => sql)).toEqual([expect.stringMatching(/^(INSERT|DELETE)/)]);
  });

  it('take a transaction around one statement when an insert finds something', async () => {
    const { actors, calls } = await openActors();
    const outcomes = await Promise.allSettled(actors.map(({ events }, i) => events.insert(i === 25 ? '1' : '3', data)));
    expect(outcomes.map(({ status }) => status)).toEqual(keys.map((key) => (key === '25' ? 'rejected' : 'fulfilled')));
    expect(calls.map(({ sql }) => sql.split(' ', 1)[0])).toEqual(['INSERT', 'BEGIN', 'INSERT', 'COMMIT']);
  });

  it('go down as one statement when they are of two kinds by turns', async () => {
    const { actors, calls } = await openActors();
    const { events } = actors[0]!;
    await Promise.all(keys.flatMap((key) => [events.put(key, data), events.del(key)]));
    expect(calls.map(({ sql }) => sql)).toEqual([expect.stringMatching(/^INSERT INTO temp/)]);
    expect(await collect(events.iter())).toEqual([]);
  });

  it('go down through one view, in whatever order their kinds come', async () => {
    const { actors, calls } = await openActors();
    const { events, state } = actors[0]!;
    const put = (): Promise<void> => events.put('1', data);
    const putState = (): Promise<void> => state.put(data);
    const range = (): Promise<void> => events.delRange('5', '6');
    for (const order of [
      [put, putState, range],
      [range, put, putState],
      [putState, range, put, put, putState],
    ]) {
      await Promise.all(order.map((write) => write()));
    }
    const views = calls.map(({ sql }) => /"dispatch \d+"/.exec(sql)?.[0]);
    expect(views).toEqual(Array(3).fill(views[0]));
    expect(views[0]).toBeDefined();
  });

  it('take one statement for each table when they are a batch of hundreds', async () => {
    const { manager, actors, calls } = await openActors();
    await manager.writeBatch(
      ['3', '4', '5'].flatMap((key) =>
        actors.flatMap(({ events, state }) => [
          { type: 'put', target: events, key, data } as const,
          { type: 'put', target: state, data } as const,
        ]),
      ),
    );
    expect(calls.map(({ sql }) => sql.split(' ', 1)[0])).toEqual(['BEGIN', 'INSERT', 'INSERT', 'COMMIT']);
  });

  it.each<[string, (manager: SqliteManager, actor: Actor, key: string) => Promise<unknown>]>([
    [
      'batches that are refused',
      (manager, { events }, key) =>
        manager.writeBatch([
          { type: 'put', target: events, key: `new ${key}`, data },
          { type: 'del', target: events, key: 'none' },
        ]),
    ],
    ['puts into a table that is gone', (_, { events }, key) => events.put(key, data)],
  ])('take statements in proportion to those that fail: %s', async (what, write) => {
    const { manager, actors, calls } = await openActors();
    if (what.endsWith('gone')) await (await temporary.connect(manager.path)).exec('DROP TABLE events');
    const outcomes = await Promise.allSettled(keys.map((key) => write(manager, actors[0]!, key)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(calls.length).toBeLessThan(15 * keys.length);
  });

  it('are committed in few groups beside one that fails', async () => {
    const { manager, actors, calls } = await openActors();
    const gone = await manager.createCollection('gone', 'actor');
    await (await temporary.connect(manager.path)).exec('DROP TABLE gone');
    calls.length = 0;
    const { events } = actors[0]!;
    const writes = Array.from({ length: 200 }, (_, i) => (i === 10 ? gone : events).put(String(i), data));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([10]);
    expect(calls.length).toBeLessThan(80);
  });

  it('meet a lock once together, behind one that fails', async () => {
    let locked = false;
    let waits = 0;
    const busy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { errno: 5, code: 'SQLITE_BUSY' });
    const { manager, events } = await openWith(async (step) => {
      if (locked) {
        waits++;
        throw busy;
      }
      const result = await step();
      locked = true;
      return result;
    });
    const gone = await manager.createCollection('gone', 'actor');
    await (await temporary.connect(manager.path)).exec('DROP TABLE gone');
    locked = false;
    const writes = Array.from({ length: 200 }, (_, i) => (i === 10 ? gone : events).put(String(i), data));
    const reasons = (await Promise.allSettled(writes)).map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as { sqliteName: unknown }).sqliteName : 'committed',
    );
    expect(reasons.slice(0, 6)).toEqual(Array(6).fill('committed'));
    expect(reasons.at(-1)).toBe('SQLITE_BUSY');
    expect(waits).toBeLessThan(6);
    expect(await collect(events.iter())).toHaveLength(reasons.filter((reason) => reason === 'committed').length);
  });
});

describe('while a group is being committed', () => {
  it('a read does not wait for it and sees the state before it', async () => {
    const held = gate();
    let holding = false;
    const { manager, events } = await openWith(async (step) => {
      if (holding) await held.pass();
      return step();
    });
    const state = await manager.createState('snapshots', 'actor');
    await Promise.all([events.put('1', data), state.put(data)]);
    holding = true;
    // Two statements of one group: its transaction is open at the commit step.
    const writes = Promise.all([
      manager.writeBatch([
        { type: 'put', target: events, key: '1', data: Buffer.from('new') },
        { type: 'del', target: state },
      ]),
      ...Array.from({ length: 100 }, (_, i) => events.put(`later ${i}`, data)),
    ]);
    await held.reached;
    expect(await events.get('1')).toEqual(data);
    expect(await state.get()).toEqual(data);
    expect(await events.getMany(['1', 'later 1'])).toEqual([data, undefined]);
    expect(await events.last()).toEqual(['1', data]);
    expect(await collect(events.iter())).toHaveLength(1);
    expect(await collect(events.iter({ consistent: true }))).toHaveLength(1);
    expect(await events.getByRange(undefined, 5)).toEqual([data]);
    expect(await collect(manager.prefixes('snapshots'))).toEqual(['actor']);
    await manager.createCollection('events', 'another');
    held.open();
    await writes;
    expect(await events.get('1')).toEqual(Buffer.from('new'));
    expect(await state.find()).toBeUndefined();
  });

  it('stop waits for it and for what is queued behind it', async () => {
    const held = gate();
    const { manager, events } = await openWith(async (step) => {
      await held.pass();
      return step();
    });
    const writes = Array.from({ length: 600 }, (_, i) => events.put(String(i), data));
    await held.reached;
    let stopped = false;
    const stopping = manager.stop().then(() => (stopped = true));
    expect(await rejection(events.put('late', data))).toMatchObject({ operation: 'stopped' });
    expect(await rejection(events.get('1'))).toMatchObject({ operation: 'stopped' });
    expect(stopped).toBe(false);
    held.open();
    await Promise.all([stopping, ...writes]);
    expect(await queryFromOutside(manager.path, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 600 }]);
  });

  it('what is queued counts against the limit until it is settled', async () => {
    const held = gate();
    const { events } = await openWith(
      async (step) => {
        await held.pass();
        return step();
      },
      { maxQueuedBytes: 1000 },
    );
    const first = events.put('1', Buffer.alloc(800));
    await held.reached;
    expect(await rejection(events.put('2', Buffer.alloc(800)))).toMatchObject({ operation: 'queue_full' });
    held.open();
    await first;
    await events.put('2', Buffer.alloc(800));
  });
});

describe('a commit that fails', () => {
  it.each([
    ['SQLITE_FULL', 13],
    ['SQLITE_BUSY', 5],
    ['SQLITE_READONLY', 8],
    ['SQLITE_CORRUPT', 11],
  ])('with %s rejects every write of its group with that cause, and the queue goes on', async (code, errno) => {
    const cause = Object.assign(new Error(`${code}: injected`), { errno, code });
    const { manager, events } = await openWith(failing([cause]));
    const state = await manager.createState('snapshots', 'actor');
    const errors = await Promise.all([
      rejection(events.put('1', data)),
      rejection(state.put(data)),
      rejection(events.del('missing')),
      rejection(manager.writeBatch([{ type: 'put', target: events, key: '2', data }])),
    ]);
    const operations = ['insert', 'insert', 'delete', 'execute_batch'];
    for (const [i, error] of errors.entries()) {
      expect(error).toBeInstanceOf(StoreOperationError);
      expect(error).toMatchObject({
        operation: operations[i],
        cause,
        sqliteCode: errno,
        sqliteName: code,
        outcomeUnknown: false,
      });
    }
    expect(await collect(events.iter())).toEqual([]);
    await events.put('after', data);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['after']);
    expect(await state.find()).toBeUndefined();
  });

  it('with an I/O error says that the outcome is unknown, reruns nothing, and fences before the next write', async () => {
    const commits = failing([ioError()]);
    const { events } = await openWith(commits);
    const errors = await Promise.all(['1', '2', '3'].map((key) => rejection(events.put(key, data))));
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'STORE',
        operation: 'insert',
        outcomeUnknown: true,
        sqliteCode: 1034,
        sqliteName: 'SQLITE_IOERR',
      });
    }
    expect(commits.steps).toEqual(['group']);
    await events.put('after', data);
    expect(commits.steps).toEqual(['group', 'fence', 'group']);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['after']);
  });

  it('whose fence meets a lock rejects that group alone, and the next one fences again', async () => {
    const busy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { errno: 5, code: 'SQLITE_BUSY' });
    const commits = failing([ioError(), busy]);
    const { events } = await openWith(commits);
    expect(await rejection(events.put('1', data))).toMatchObject({ outcomeUnknown: true });
    expect(await rejection(events.put('2', data))).toMatchObject({ sqliteName: 'SQLITE_BUSY', outcomeUnknown: false });
    await events.put('3', data);
    expect(commits.steps).toEqual(['group', 'fence', 'fence', 'group']);
    expect((await collect(events.iter())).map(([key]) => key)).toEqual(['3']);
  });

  it('whose fence fails too makes later writes reject naming the first cause, and reads go on', async () => {
    const first = ioError();
    const second = Object.assign(new Error('SQLITE_READONLY: the second error'), { errno: 8, code: 'SQLITE_READONLY' });
    const logger = recordingLogger();
    const { manager, events } = await openWith(failing([first, second]), { logger });
    const unknown = await rejection(events.put('1', data));
    expect(unknown).toMatchObject({ outcomeUnknown: true });
    for (const key of ['2', '3']) {
      const error = await rejection(events.put(key, data));
      expect(error).toMatchObject({ code: 'STORE', outcomeUnknown: false, sqliteName: 'SQLITE_IOERR' });
      expect(error.message).toContain(first.message);
      expect(error.cause).toMatchObject({ cause: first });
    }
    expect(logger.records).toEqual([
      {
        level: 'error',
        fields: { path: manager.path, err: expect.objectContaining({ cause: first }) as unknown },
        message: expect.stringContaining(first.message) as unknown,
      },
    ]);
    expect(await rejection(manager.writeBatch([{ type: 'put', target: events, key: '4', data }]))).toMatchObject({
      outcomeUnknown: false,
    });
    expect(await rejection(manager.createCollection('more', 'actor'))).toMatchObject({ code: 'CREATE_STORE' });
    expect(await collect(events.iter())).toEqual([]);
    expect(await events.find('1')).toBeUndefined();
  });

  it('after it has made the commit, as a ghost, is undone or kept, and reads say which', async () => {
    let ghosts = 1;
    const { events } = await openWith(async (step) => {
      const result = await step();
      if (ghosts-- > 0) throw ioError();
      return result;
    });
    expect(await rejection(events.put('1', data))).toMatchObject({ outcomeUnknown: true });
    await events.put('2', data);
    const keys = (await collect(events.iter())).map(([key]) => key);
    expect(keys).toContain('2');
    expect(await events.find('1')).toEqual(keys.includes('1') ? data : undefined);
  });
});
