import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { StoreOperationError, type SqliteCollection, type SqliteManager } from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
const data = Buffer.from('x');

async function openWithEvents(): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open();
  const events = await manager.createCollection('events', 'actor');
  await manager.writeBatch(
    Array.from(
      { length: 2000 },
      (_, i) => ({ type: 'put', target: events, key: String(i), data: Buffer.alloc(100, i) }) as const,
    ),
  );
  return { manager, events };
}

async function refused(backup: Promise<void>, path: string): Promise<StoreOperationError> {
  const error = await rejection(backup);
  expect(error).toBeInstanceOf(StoreOperationError);
  expect(error).toMatchObject({ code: 'STORE', operation: 'backup', outcomeUnknown: false });
  expect(error.message).toContain(path);
  return error as unknown as StoreOperationError;
}

describe('a backup', () => {
  it('is a whole database in one file, at a path or a URL', async () => {
    const { manager, events } = await openWithEvents();
    mkdirSync(temporary.path('backups'));
    await manager.backup(temporary.path('backups', 'one.db'));
    await manager.backup(pathToFileURL(temporary.path('backups', "it's 100%?.db")));
    expect(readdirSync(temporary.path('backups')).sort()).toEqual(["it's 100%?.db", 'one.db']);
    for (const name of ['one.db', "it's 100%?.db"]) {
      const file = temporary.path('backups', name);
      expect(await queryFromOutside(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      expect(await queryFromOutside(file, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 2000 }]);
    }
    await events.put('after', data);
    expect(
      await queryFromOutside(temporary.path('backups', 'one.db'), "SELECT sn FROM events WHERE sn = 'after'"),
    ).toEqual([]);
  });

  it('opens as a store', async () => {
    const { manager } = await openWithEvents();
    mkdirSync(temporary.path('restored'));
    await manager.backup(temporary.path('restored', 'database.db'));
    const restored = await temporary.open({}, temporary.path('restored'));
    const events = await restored.createCollection('events', 'actor');
    expect(await collect(events.iter())).toHaveLength(2000);
    await events.put('more', data);
  });

  it('holds one moment, although writes and reads go on', async () => {
    const { manager, events } = await openWithEvents();
    const state = await manager.createState('snapshots', 'actor');
    let backedUp = 0;
    let rounds = 0;
    const work = async (): Promise<void> => {
      while (backedUp < 3) {
        const count = String(rounds++).padStart(6, '0');
        await manager.writeBatch([
          { type: 'put', target: events, key: `~${count}`, data },
          { type: 'put', target: state, data: Buffer.from(count) },
        ]);
        expect((await events.last())?.[0]).toBe(`~${count}`);
      }
    };
    const backUp = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const before = rounds;
        await manager.backup(temporary.path(`${i}.db`));
        backedUp++;
        expect(rounds).toBeGreaterThan(before);
      }
    };
    await Promise.all([work(), backUp()]);
    for (let i = 0; i < 3; i++) {
      const file = temporary.path(`${i}.db`);
      expect(await queryFromOutside(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      const [row] = await queryFromOutside(
        file,
        "SELECT coalesce((SELECT '~' || CAST(value AS TEXT) FROM snapshots), '999') = (SELECT max(sn) FROM events) AS whole",
      );
      expect(row).toEqual({ whole: 1 });
    }
  });

  it('never overwrites a file', async () => {
    const { manager } = await openWithEvents();
    const target = temporary.path('target.db');
    for (const content of ['mine', '']) {
      writeFileSync(target, content);
      const error = await refused(manager.backup(target), target);
      expect(error.message).toMatch(/exists/);
      expect(readFileSync(target, 'utf8')).toBe(content);
    }
    await refused(manager.backup(manager.path), manager.path);
    mkdirSync(temporary.path('directory'));
    await refused(manager.backup(temporary.path('directory')), temporary.path('directory'));
    expect(readdirSync(temporary.path('directory'))).toEqual([]);
    await (await manager.createState('snapshots', 'a')).put(data);
  });

  it('of two to one file at once is one backup and one refusal', async () => {
    const { manager } = await openWithEvents();
    const target = temporary.path('target.db');
    const outcomes = await Promise.allSettled([manager.backup(target), manager.backup(target)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await queryFromOutside(target, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 2000 }]);
  });

  it('into a place that cannot be written is refused, and leaves nothing', async () => {
    const { manager, events } = await openWithEvents();
    const target = temporary.path('missing', 'target.db');
    await refused(manager.backup(target), target);
    expect(existsSync(temporary.path('missing'))).toBe(false);
    await events.put('more', data);
    expect(readdirSync(temporary.path())).toEqual(['store']);
  });

  it('that gets no connection is refused, and the next one is made', async () => {
    const { manager } = await openWithEvents();
    const elsewhere = temporary.path('elsewhere.db');
    // Nothing reads or writes meanwhile.
    renameSync(manager.path, elsewhere);
    const error = await refused(manager.backup(temporary.path('target.db')), temporary.path('target.db'));
    expect(error.sqliteName).toBe('SQLITE_CANTOPEN');
    renameSync(elsewhere, manager.path);
    await manager.backup(temporary.path('target.db'));
  });

  it.each([
    ['empty', ''],
    ['with a NUL', 'a\0b'],
    ['a number', 5],
    ['undefined', undefined],
    ['a URL of the web', new URL('http://127.0.0.1/x')],
  ])('to a path that is %s is a TypeError', async (_title, target) => {
    const { manager } = await openWithEvents();
    const error = await rejection(manager.backup(target as string));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('that was asked for before stop is finished by it', async () => {
    const { manager } = await openWithEvents();
    const backup = manager.backup(temporary.path('target.db'));
    await manager.stop();
    await backup;
    expect(await queryFromOutside(temporary.path('target.db'), 'SELECT count(*) AS n FROM events')).toEqual([
      { n: 2000 },
    ]);
  });
});
