import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Database } from 'sqlite';
import { StoreOperationError, type SqliteCollection, type SqliteManager } from '../../lib/index';
import { collect, rejection, turn } from '../support/gates';
import { executeFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';
import { recordingLogger } from '../support/watching';

const temporary = useTemporary();
const data = Buffer.from('x');

async function openWithEvents(
  logger = recordingLogger(),
): Promise<{ manager: SqliteManager; events: SqliteCollection }> {
  const manager = await temporary.open({ logger });
  return { manager, events: await manager.createCollection('events', 'actor') };
}

describe("while another connection holds the file's write lock", () => {
  it('a write waits, and succeeds when the lock is released', async () => {
    const { manager, events } = await openWithEvents();
    const other = await temporary.connect(manager.path);
    await other.exec("BEGIN IMMEDIATE; INSERT INTO events VALUES ('other', '1', x'01')");
    const write = events.put('1', data);
    await events.find('1');
    await other.exec('COMMIT');
    await write;
    expect(await events.get('1')).toEqual(data);
  });

  it('a read does not wait, although writes do', async () => {
    const { manager, events } = await openWithEvents();
    await events.put('1', data);
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN IMMEDIATE');
    let written = false;
    const writes = Promise.all(Array.from({ length: 100 }, (_, i) => events.put(`later ${i}`, data))).then(
      () => (written = true),
    );
    for (let i = 0; i < 20; i++) {
      expect(await events.get('1')).toEqual(data);
      expect(await events.getMany(['1', '2'])).toEqual([data, undefined]);
      expect(await collect(events.iter())).toHaveLength(1);
      expect(await collect(events.iter({ consistent: true }))).toHaveLength(1);
      expect(await events.last()).toEqual(['1', data]);
      expect(await collect(manager.prefixes('events'))).toEqual(['actor']);
    }
    expect(written).toBe(false);
    await other.exec('COMMIT');
    await writes;
  });

  it('a handle on a table that exists is made without waiting', async () => {
    const { manager, events } = await openWithEvents();
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN IMMEDIATE');
    let written = false;
    const write = events.put('1', data).then(() => (written = true));
    const another = await manager.createCollection('events', 'another');
    expect(await another.find('1')).toBeUndefined();
    expect(written).toBe(false);
    await other.exec('COMMIT');
    await write;
  });

  it('a whole group rejects once the busy timeout is over, and later writes go on', async () => {
    const { manager, events } = await openWithEvents();
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN IMMEDIATE');
    const begin = performance.now();
    const errors = await Promise.all(Array.from({ length: 256 }, (_, i) => rejection(events.put(String(i), data))));
    const waited = performance.now() - begin;
    // One wait of five seconds, not 256.
    expect(waited).toBeGreaterThan(4500);
    expect(waited).toBeLessThan(9500);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreOperationError);
      expect(error).toMatchObject({
        code: 'STORE',
        operation: 'insert',
        sqliteName: 'SQLITE_BUSY',
        outcomeUnknown: false,
      });
    }
    await other.exec('COMMIT');
    expect(await collect(events.iter())).toEqual([]);
    await events.put('after', data);
    expect(await events.get('after')).toEqual(data);
  });

  it('stop succeeds within a second, with a warning', async () => {
    const logger = recordingLogger();
    const { manager, events } = await openWithEvents(logger);
    await events.put('1', data);
    const other = await temporary.connect(manager.path);
    await other.exec("BEGIN IMMEDIATE; INSERT INTO events VALUES ('other', '1', x'01')");
    const begin = performance.now();
    await manager.stop();
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(logger.records.some(({ level }) => level === 'warn')).toBe(true);
    await other.exec('COMMIT');
  });

  it('stop succeeds within a second although a reader of another connection pins the log', async () => {
    const logger = recordingLogger();
    const { manager, events } = await openWithEvents(logger);
    await events.put('1', data);
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN; SELECT count(*) FROM events');
    await events.put('2', data);
    const begin = performance.now();
    await manager.stop();
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(logger.records.filter(({ level }) => level === 'warn')).not.toEqual([]);
    await other.exec('COMMIT');
    expect(await other.all('SELECT sn FROM events')).toEqual([{ sn: '1' }, { sn: '2' }]);
  });

  const opensWhenReleased = async (other: Database): Promise<void> => {
    let opened = false;
    const opening = temporary.open().then((manager) => {
      opened = true;
      return manager;
    });
    for (let i = 0; i < 10; i++) await turn();
    expect(opened).toBe(false);
    await other.exec('ROLLBACK');
    const events = await (await opening).createCollection('events', 'actor');
    await events.put('1', data);
  };

  it('open waits for it', async () => {
    await (await temporary.open()).stop();
    const other = await temporary.connect(temporary.path('store', 'database.db'));
    await other.exec('BEGIN IMMEDIATE');
    await opensWhenReleased(other);
  });

  it('open waits for it before it changes the journal mode', async () => {
    mkdirSync(temporary.path('store'));
    const file = temporary.path('store', 'database.db');
    await executeFromOutside(file, 'CREATE TABLE other (a)');
    const other = await temporary.connect(file);
    await other.exec('BEGIN; SELECT count(*) FROM other');
    await opensWhenReleased(other);
  });
});

describe('what a logger throws', () => {
  it.each([
    [
      'at the call',
      (): never => {
        throw new Error('the logger is broken');
      },
    ],
    // The test runner fails a spec that leaves a rejection unhandled.
    ['later', () => Promise.reject(new Error('the logger is broken'))],
  ])('%s changes nothing', async (_, fail) => {
    const { manager, events } = await openWithEvents(
      Object.assign(recordingLogger(), { debug: fail, info: fail, warn: fail, error: fail }),
    );
    await events.put('1', data);
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN IMMEDIATE');
    await manager.stop();
    await turn();
    await other.exec('COMMIT');
  });
});
