import { openManager } from '../../lib/sqlite/manager';
import type { SqliteCollection, SqliteManager } from '../../lib/index';
import { rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { useRecordedConnections } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();
const data = Buffer.from('new');

async function alter(manager: SqliteManager, sql: string): Promise<void> {
  const outside = await temporary.connect(manager.path);
  await outside.exec(sql);
  await temporary.disconnect(outside);
}

async function openWithTable(columns: string): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  await alter(manager, `CREATE TABLE events (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, ${columns})`);
  return { manager, events: await manager.createCollection('events', 'actor') };
}

describe('an insert of a key that is there', () => {
  describe.each(['REPLACE', 'IGNORE', 'FAIL', 'ROLLBACK'])('in a table whose key says ON CONFLICT %s', (clause) => {
    it('is refused, alone, with others and in a batch, and keeps the old bytes', async () => {
      const { manager, events } = await openWithTable(`PRIMARY KEY (prefix, sn) ON CONFLICT ${clause}`);
      const snapshot = await manager.createState('snapshots', 'actor');
      await events.put('a', Buffer.from('old'));
      const outcomes = await Promise.allSettled([events.insert('a', data), events.insert('b', data)]);
      expect(outcomes).toMatchObject([{ reason: { code: 'ENTRY_EXISTS' } }, { status: 'fulfilled' }]);
      const batch = manager.writeBatch([
        { type: 'put', target: snapshot, data },
        { type: 'insert', target: events, key: 'a', data },
      ]);
      expect(await rejection(batch)).toMatchObject({ code: 'ENTRY_EXISTS', key: 'actor.a' });
      expect(await rejection(events.insert('a', data))).toMatchObject({ code: 'ENTRY_EXISTS' });
      expect(String(await events.get('a'))).toBe('old');
      expect(await snapshot.find()).toBeUndefined();
    });
  });

  it('is not mixed up with a constraint made from outside', async () => {
    const { events } = await openWithTable('UNIQUE (value), PRIMARY KEY (prefix, sn)');
    await events.put('a', data);
    const outcomes = await Promise.allSettled([events.insert('b', data), events.insert('c', Buffer.from('other'))]);
    expect(outcomes).toMatchObject([{ reason: { code: 'STORE', sqliteCode: 2067 } }, { status: 'fulfilled' }]);
  });
});

describe('the error of a batch', () => {
  it('has no index of a neighbour that met what failed them all', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const put = (key: string, size: number) =>
      ({ type: 'put', target: events, key, data: Buffer.alloc(size) }) as const;
    await connections[0]!.value('PRAGMA max_page_count = 40');
    // 200,000 bytes have a statement of their own, and no room in the file.
    const batches = [
      [put('a', 1), put('b', 1)],
      [put('c', 1), put('d', 200_000)],
    ].map((batch) => manager.writeBatch(batch));
    for (const outcome of await Promise.allSettled(batches)) {
      const reason: unknown = (outcome as PromiseRejectedResult).reason;
      expect(reason).toMatchObject({ code: 'STORE', sqliteName: 'SQLITE_FULL', outcomeUnknown: false });
      expect((reason as Error).message).not.toContain('of the batch');
    }
    expect(await events.getMany(['a', 'b', 'c', 'd'])).toEqual(Array(4).fill(undefined));
  });

  it('is that of its first operation that fails, whatever the later ones would meet', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const dropped = await manager.createCollection('dropped', 'actor');
    await alter(manager, 'DROP TABLE dropped');
    const error = await rejection(
      manager.writeBatch([
        { type: 'del', target: events, key: 'missing' },
        { type: 'put', target: dropped, key: 'a', data },
      ]),
    );
    expect(error).toMatchObject({ code: 'ENTRY_NOT_FOUND', key: 'actor.missing' });
    expect(error.message).toContain('(operation 0 of the batch)');
  });

  it('is judged by what has been committed, not by a neighbour whose commit fails', async () => {
    let failures = 0;
    const full = Object.assign(new Error('SQLITE_FULL: database or disk is full'), { errno: 13, code: 'SQLITE_FULL' });
    const manager = temporary.adopt(
      await openManager(
        temporary.path('store'),
        { durability: false },
        { commitStep: (step) => (failures-- > 0 ? Promise.reject(full) : step()) },
      ),
    );
    const events = await manager.createCollection('events', 'actor');
    const snapshot = await manager.createState('snapshots', 'actor');
    failures = 1;
    const outcomes = await Promise.allSettled([
      events.insert('a', data),
      manager.writeBatch([
        { type: 'insert', target: events, key: 'a', data: Buffer.from('the batch') },
        { type: 'put', target: snapshot, data },
        // So many that the group is not one statement.
        ...Array.from({ length: 300 }, (_, i) => ({ type: 'put', target: events, key: `b${i}`, data }) as const),
      ]),
    ]);
    expect(outcomes).toMatchObject([{ reason: { sqliteName: 'SQLITE_FULL' } }, { status: 'fulfilled' }]);
    expect((await events.get('a')).toString()).toBe('the batch');
  });
});

describe('gets that share a call', () => {
  it('follow a table that was made anew with the other shape', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('t', 'actor');
    await events.put('a', data);
    await Promise.all(Array.from({ length: 10 }, () => events.get('a')));
    await alter(manager, 'DROP TABLE t');
    const state = await manager.createState('t', 'actor');
    await state.put(data);
    const values = await Promise.all(Array.from({ length: 10 }, () => state.get()));
    expect(values.map(String)).toEqual(Array(10).fill('new'));
  });
});
