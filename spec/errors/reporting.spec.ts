import type { SqliteCollection, SqliteManager, SqliteState } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
const data = Buffer.from('the secret bytes');

interface Store {
  manager: SqliteManager;
  events: SqliteCollection;
  state: SqliteState;
}

async function openStore(): Promise<Store> {
  const manager = await temporary.open();
  const [events, state] = [
    await manager.createCollection('events', 'actor'),
    await manager.createState('snapshots', 'actor'),
  ];
  return { manager, events, state };
}

/** Every way to fail that is nobody's fault but the data's, the file's or the caller's. */
const failures: [string, (store: Store) => PromiseLike<unknown>][] = [
  ['get of a missing entry', ({ events }) => events.get('missing')],
  ['del of a missing entry', ({ events }) => events.del('missing')],
  ['getByRange from a missing entry', ({ events }) => events.getByRange('missing', 1)],
  ['insert of an entry that is there', ({ events }) => events.insert('there', data)],
  ['put that a trigger rejects', ({ events }) => events.put('bad', data)],
  ['insert that a trigger rejects', ({ events }) => events.insert('bad', data)],
  ['get of a value that is no blob', ({ events }) => events.get('text')],
  ['find of a value that is no blob', ({ events }) => events.find('text')],
  ['getMany of a value that is no blob', ({ events }) => events.getMany(['there', 'text'])],
  ['getByRange over a value that is no blob', ({ events }) => events.getByRange(undefined, 10)],
  ['a page with a value that is no blob', ({ events }) => collect(events.iter())],
  ['get of a state that is missing', ({ state }) => state.get()],
  ['del of a state that is missing', ({ state }) => state.del()],
  ['a batch that is refused', ({ manager, state }) => manager.writeBatch([{ type: 'del', target: state }])],
  ['a table of another shape', ({ manager }) => manager.createState('events', 'actor')],
  ['a name that is not allowed', ({ manager }) => manager.createCollection('bad-name', 'actor')],
  ['prefixes of a name that is not allowed', ({ manager }) => collect(manager.prefixes('bad-name'))],
  ['a backup that cannot be written', ({ manager }) => manager.backup(temporary.path('no', 'where.db'))],
  ['a key that is no text', ({ events }) => events.get(5 as unknown as string)],
  ['data that is no Uint8Array', ({ events }) => events.put('1', 'text' as unknown as Uint8Array)],
  ['a quantity that is no integer', ({ events }) => events.getByRange(undefined, 1.5)],
  ['options that are none', ({ events }) => collect(events.iter(5 as unknown as boolean))],
];

describe.each(failures)('the error of %s', (_title, fail) => {
  const failing = async (): Promise<Error & Record<string, unknown>> => {
    const store = await openStore();
    await store.events.put('there', data);
    const outside = await temporary.connect(store.manager.path);
    await outside.exec(`INSERT INTO events VALUES ('actor', 'text', 'the secret bytes');
      CREATE TRIGGER guard BEFORE INSERT ON events WHEN NEW.sn = 'bad' BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END`);
    await temporary.disconnect(outside);
    // The name that a stack has to show.
    async function theCallersOwnFunction(): Promise<unknown> {
      return await fail(store);
    }
    return rejection(theCallersOwnFunction());
  };

  it('names the caller in its stack, has a code and tells no bytes', async () => {
    const error = await failing();
    expect(error.stack).toContain('theCallersOwnFunction');
    expect(error).toHaveProperty('code', expect.stringMatching(/^[A-Z_]+$/));
    expect(JSON.stringify([error.message, error])).not.toContain('secret');
  });
});

describe('an error of a handle', () => {
  it('says the table as it was named, the actor and the file', async () => {
    const manager = await temporary.open();
    const [events, state] = [
      await manager.createCollection('Events', 'actor'),
      await manager.createState('Snapshots', 'actor'),
    ];
    const place = (table: string): object => ({ table, prefix: 'actor', path: manager.path });
    for (const error of await Promise.all([
      rejection(events.get('1')),
      rejection(events.del('1')),
      rejection(events.getByRange('1', 1)),
      rejection(manager.writeBatch([{ type: 'del', target: events, key: '1' }])),
    ])) {
      expect(error).toMatchObject({ ...place('Events'), key: 'actor.1', entryKey: '1' });
    }
    for (const error of await Promise.all([rejection(state.get()), rejection(state.del())])) {
      expect(error).toMatchObject({ ...place('Snapshots'), key: 'actor' });
      expect(error).not.toHaveProperty('entryKey');
    }
  });

  it('says also of a write that failed which one it was', async () => {
    const { manager, events, state } = await openStore();
    await events.put('1', data);
    await state.put(data);
    const outside = await temporary.connect(manager.path);
    for (const table of ['events', 'snapshots']) {
      for (const step of ['INSERT', 'DELETE']) {
        await outside.exec(`CREATE TRIGGER "${table} ${step}" BEFORE ${step} ON ${table}
          BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END`);
      }
    }
    const event = {
      code: 'STORE',
      table: 'events',
      prefix: 'actor',
      path: manager.path,
      key: 'actor.1',
      entryKey: '1',
    };
    const snapshot = { code: 'STORE', table: 'snapshots', prefix: 'actor', path: manager.path, key: 'actor' };
    const ofEvents = [
      () => events.put('1', data),
      () => events.insert('1', data),
      () => events.del('1'),
      () => manager.writeBatch([{ type: 'put', target: events, key: '1', data }]),
      () =>
        manager.writeBatch([
          { type: 'delRange', target: events, start: '2' },
          { type: 'put', target: events, key: '1', data },
        ]),
      () => events.put('1', Buffer.alloc(1_000_000_000)),
    ];
    for (const fail of ofEvents) expect(await rejection(fail())).toMatchObject(event);
    for (const fail of [() => state.put(data), () => state.del()]) {
      const error = await rejection(fail());
      expect(error).toMatchObject(snapshot);
      expect(error).not.toHaveProperty('entryKey');
    }
    for (const fail of [() => events.purge(), () => events.delRange()]) {
      const error = await rejection(fail());
      expect(error).toMatchObject({ code: 'STORE', table: 'events', prefix: 'actor', path: manager.path });
      expect(error).not.toHaveProperty('key');
    }
  });

  it("carries SQLite's code, its name and the driver's error", async () => {
    const { manager, events } = await openStore();
    const outside = await temporary.connect(manager.path);
    await outside.exec(
      "CREATE TRIGGER guard BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END",
    );
    const error = await rejection(events.put('1', data));
    expect(error).toMatchObject({
      // SQLITE_CONSTRAINT_TRIGGER: https://sqlite.org/rescode.html#constraint_trigger
      sqliteCode: 1811,
      sqliteName: 'SQLITE_CONSTRAINT',
      operation: 'insert',
      cause: { errno: 1811, message: expect.stringContaining('refused by a trigger') as unknown },
    });
    expect(error.message).toMatch(/^store operation failed: insert - .*refused by a trigger/);
  });
});

describe('a wrong argument', () => {
  const wrongData = [
    'text',
    5,
    5n,
    null,
    undefined,
    true,
    {},
    [1, 2],
    new ArrayBuffer(1),
    new Uint16Array(1),
    new DataView(new ArrayBuffer(1)),
  ];
  const wrongText = [5, 5n, null, undefined, true, {}, ['a'], Buffer.from('a'), new String('a'), 'a\ud800', '\udc00b'];

  it.each(wrongData)('as data is a TypeError: %p', async (wrong) => {
    const { manager, events, state } = await openStore();
    const bad = wrong as Uint8Array;
    for (const error of await Promise.all([
      rejection(events.put('1', bad)),
      rejection(events.insert('1', bad)),
      rejection(state.put(bad)),
      rejection(manager.writeBatch([{ type: 'put', target: events, key: '1', data: bad }])),
      rejection(manager.writeBatch([{ type: 'put', target: state, data: bad }])),
    ])) {
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(error.message).toMatch(/^invalid argument data: expected a Uint8Array.*, received /);
    }
    await events.put('1', data);
    expect(await events.get('1')).toEqual(data);
  });

  it.each(wrongText)('as a key is a TypeError: %p', async (wrong) => {
    const { manager, events } = await openStore();
    const bad = wrong as string;
    const calls = [
      events.get(bad),
      events.find(bad),
      events.getMany(['a', bad]),
      events.put(bad, data),
      events.insert(bad, data),
      events.del(bad),
      manager.writeBatch([{ type: 'del', target: events, key: bad }]),
      // An absent bound is an open one.
      ...(wrong === undefined
        ? []
        : [
            events.getByRange(bad, 1),
            events.delRange(bad, 'z'),
            events.delRange('a', bad),
            collect(events.iterRange(bad)),
            collect(events.iterRange(undefined, bad)),
          ]),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await events.put('1', data);
    expect(await events.get('1')).toEqual(data);
  });

  it('that lies about its length or is detached is not stored as something else', async () => {
    const { events } = await openStore();
    const lying = Object.defineProperty(new Uint8Array([1, 2, 3]), 'byteLength', { value: 1 });
    await events.put('lying', lying);
    expect(await events.get('lying')).toEqual(Buffer.of(1, 2, 3));
    const detached = new Uint8Array([1, 2, 3]);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(await rejection(events.put('detached', detached))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await events.find('detached')).toBeUndefined();
  });

  it('never throws at the call', async () => {
    const { manager, events, state } = await openStore();
    await manager.stop();
    const nothing = undefined as never;
    const calls: (() => unknown)[] = [
      () => events.get(nothing),
      () => events.put(nothing, nothing),
      () => events.getMany(nothing),
      () => events.iter('x' as never),
      () => events.iterRange(5 as never),
      () => events.getByRange(nothing, nothing),
      () => state.put(nothing),
      () => manager.createCollection(nothing, nothing),
      () => manager.createState(nothing, nothing),
      () => manager.prefixes(nothing),
      () => manager.backup(nothing),
      () => manager.writeBatch(nothing),
      () => manager.writeBatch([nothing]),
    ];
    for (const call of calls) {
      const result = call() as Promise<unknown>;
      expect(result).toBeInstanceOf(Promise);
      await result.catch(() => undefined);
    }
  });
});
