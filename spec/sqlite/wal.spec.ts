import { mkdirSync, statSync } from 'node:fs';
import { SqliteManager, type SqliteCollection, type SqliteManagerOptions } from '../../lib/index';
import { collect } from '../support/gates';
import { executeFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';
import { recordingLogger } from '../support/watching';
import { useHeldDriver } from './held-driver';

const temporary = useTemporary();
const driver = useHeldDriver();
const MIB = 2 ** 20;

/** The least that a machine can have: the WAL is to stay below 24 MiB. */
const small: SqliteManagerOptions = { spec: { ramMb: 1, cpuCores: 1 } };
const BOUND = 24 * MIB;

const walBytes = ({ path }: SqliteManager): number => statSync(`${path}-wal`).size;

/** Writes 37 MiB, and gives the largest size that the log had meanwhile. */
async function writeMuch(manager: SqliteManager, events: SqliteCollection): Promise<number> {
  let most = 0;
  for (let i = 0; i < 220; i++) {
    await events.put(`much ${i % 50}`, Buffer.alloc(MIB / 8, i));
    most = Math.max(most, walBytes(manager));
  }
  return most;
}

describe('the write-ahead log', () => {
  it('stays small whatever is read in between', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    for (let i = 0; i < 220; i++) {
      await events.put(`${i % 50}`, Buffer.alloc(MIB / 8, i));
      await state.put(Buffer.of(i));
      await Promise.all([events.get(`${i % 50}`), events.find('nothing'), events.last(), state.get()]);
      await Promise.all([events.getByRange(undefined, 1), events.getMany(['0', '1']), (await events.iter()).next()]);
    }
    expect(walBytes(manager)).toBeLessThan(BOUND);
    expect(logger.records).toEqual([]);
  });

  it('stays small although consistent iterations come and go without a gap', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    await events.put('0', Buffer.alloc(MIB));
    let writing = true;
    let views = 0;
    // Each begins before the one before it ends.
    const read = async (): Promise<void> => {
      let before = await events.iter({ consistent: true });
      await before.next();
      while (writing) {
        const view = await events.iter({ consistent: true });
        await view.next();
        views++;
        await before.return();
        before = view;
      }
      await before.return();
    };
    const reading = read();
    const most = await writeMuch(manager, events);
    writing = false;
    await reading;
    expect(views).toBeGreaterThan(10);
    expect(most).toBeLessThan(BOUND);
  });

  it('of a file with large pages may be larger, as its automatic checkpoints come later', async () => {
    mkdirSync(temporary.path('store'));
    await executeFromOutside(
      temporary.path('store', 'database.db'),
      'PRAGMA page_size = 65536; CREATE TABLE other (a)',
    );
    const manager = await temporary.open(small);
    const events = await manager.createCollection('events', 'actor');
    expect(await writeMuch(manager, events)).toBeGreaterThan(BOUND);
  });

  it('that a consistent iteration lets grow is reported, with its size and the age, and starts over by itself', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    await Promise.all(Array.from({ length: 2000 }, (_, i) => events.put(String(i), Buffer.from('x'))));
    const view = await events.iter({ consistent: true });
    await view.next();
    const pinned = await writeMuch(manager, events);
    expect(pinned).toBeGreaterThan(BOUND);
    const [warning] = logger.records;
    expect(warning).toMatchObject({ level: 'warn', fields: { path: manager.path } });
    expect(warning!.message).toMatch(
      /write-ahead log has grown to \d{8,} bytes: a consistent iteration has been open for \d+\.\d s/,
    );
    await view.return();
    await writeMuch(manager, events);
    // What is kept of a log that has started over: https://sqlite.org/pragma.html#pragma_journal_size_limit
    expect(walBytes(manager)).toBeLessThanOrEqual(32 * MIB);
    await manager.stop();
  });

  it('that another connection lets grow is reported, and starts over by itself', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN; SELECT count(*) FROM events');
    expect(await writeMuch(manager, events)).toBeGreaterThan(BOUND);
    expect(logger.records[0]).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/has grown to \d{8,} bytes: a reader, a backup or another process/) as unknown,
    });
    await other.exec('COMMIT');
    await temporary.disconnect(other);
    await writeMuch(manager, events);
    expect(walBytes(manager)).toBeLessThanOrEqual(32 * MIB);
  });

  it('whose checkpoint fails is reported with the cause, and the writes go on', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN; SELECT count(*) FROM events');
    driver.fail(/wal_checkpoint/, { errno: 266, code: 'SQLITE_IOERR', message: 'SQLITE_IOERR: disk I/O error' });
    await writeMuch(manager, events);
    driver.release();
    await other.exec('COMMIT');
    await temporary.disconnect(other);
    expect(logger.records[0]).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/has grown to \d{8,} bytes: a checkpoint failed: SQLITE_IOERR/) as unknown,
    });
    expect(await collect(events.iter({ limit: 1 }))).toHaveLength(1);
  });
});
