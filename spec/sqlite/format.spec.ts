import { mkdirSync } from 'node:fs';
import { collect } from '../support/gates';
import { executeFromOutside, queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();

const STATE = 'prefix TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix)';
const COLLECTION = 'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn)';

const columnsOf = (sql: string): string =>
  sql
    .slice(sql.indexOf('(') + 1, sql.lastIndexOf(')'))
    .replace(/\s+/g, ' ')
    .trim();

describe('the file', () => {
  it('holds exactly the documented tables', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    await manager.writeBatch([
      { type: 'put', target: events, key: '1', data: Buffer.of(0, 255) },
      { type: 'put', target: state, data: Buffer.alloc(0) },
    ]);
    await Promise.all(Array.from({ length: 500 }, (_, i) => events.put(`k${i}`, Buffer.of(1))));
    await collect(events.iter({ consistent: true }));
    await manager.stop();
    const schema = await queryFromOutside<{ type: string; name: string; sql: string }>(
      manager.path,
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name",
    );
    expect(schema.map(({ type, name }) => [type, name])).toEqual([
      ['table', 'events'],
      ['table', 'snapshots'],
      ['index', 'sqlite_autoindex_events_1'],
      ['index', 'sqlite_autoindex_snapshots_1'],
    ]);
    expect(columnsOf(schema[0]!.sql)).toBe(COLLECTION);
    expect(columnsOf(schema[1]!.sql)).toBe(STATE);
    expect(schema[0]!.sql).not.toMatch(/WITHOUT|STRICT/i);
    expect(
      await queryFromOutside(
        manager.path,
        `SELECT typeof(prefix) AS p, typeof(sn) AS k, typeof(value) AS v, hex(value) AS value FROM events WHERE sn = '1'
         UNION ALL SELECT typeof(prefix), '', typeof(value), hex(value) FROM snapshots`,
      ),
    ).toEqual([
      { p: 'text', k: 'text', v: 'blob', value: '00FF' },
      { p: 'text', k: '', v: 'blob', value: '' },
    ]);
    for (const [pragma, value] of [
      ['encoding', 'UTF-8'],
      ['user_version', 0],
      ['application_id', 0],
      ['journal_mode', 'wal'],
      ['integrity_check', 'ok'],
    ]) {
      expect(await queryFromOutside(manager.path, `PRAGMA ${pragma}`)).toEqual([{ [pragma!]: value }]);
    }
  });

  it.each(['wal', 'delete'])('may be made by another program (journal mode %s)', async (mode) => {
    mkdirSync(temporary.path('store'));
    const file = temporary.path('store', 'database.db');
    await executeFromOutside(
      file,
      `PRAGMA journal_mode = ${mode}; PRAGMA user_version = 7;
       CREATE TABLE IF NOT EXISTS events (${COLLECTION});
       CREATE TABLE IF NOT EXISTS snapshots (${STATE});
       CREATE TABLE other (a INTEGER);
       INSERT INTO events VALUES ('actor', '2', x'02'), ('actor', '1', x'01'), ('other', '1', x'03');
       INSERT INTO snapshots VALUES ('actor', x'00ff')`,
    );
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    expect(await collect(events.iter())).toEqual([
      ['1', Buffer.of(1)],
      ['2', Buffer.of(2)],
    ]);
    expect(await state.get()).toEqual(Buffer.of(0, 255));
    await events.put('3', Buffer.of(3));
    await state.put(Buffer.of(4));
    await manager.stop();
    expect(await queryFromOutside(file, 'SELECT prefix, sn, hex(value) AS value FROM events ORDER BY 1, 2')).toEqual([
      { prefix: 'actor', sn: '1', value: '01' },
      { prefix: 'actor', sn: '2', value: '02' },
      { prefix: 'actor', sn: '3', value: '03' },
      { prefix: 'other', sn: '1', value: '03' },
    ]);
    expect(await queryFromOutside(file, 'PRAGMA user_version')).toEqual([{ user_version: 7 }]);
  });

  it('may be written by another process while it is open here', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.of(1));
    await executeFromOutside(manager.path, "INSERT INTO events VALUES ('actor', '2', x'02')");
    expect(await events.last()).toEqual(['2', Buffer.of(2)]);
    await events.put('3', Buffer.of(3));
    expect(await collect(events.iter())).toHaveLength(3);
  });
});
