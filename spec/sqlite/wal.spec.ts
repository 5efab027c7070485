import { statSync } from 'node:fs';
import type { SqliteManagerOptions } from '../../lib/index';
import { useTemporary } from '../support/temporary';
import { recordingLogger } from '../support/watching';

const temporary = useTemporary();
const MIB = 2 ** 20;

/** The least that a machine can have: the WAL is to stay below 16 MiB. */
const small: SqliteManagerOptions = { spec: { ramMb: 1, cpuCores: 1 } };

describe('the write-ahead log', () => {
  it('stays small when nobody pins it', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    for (let i = 0; i < 300; i++) await events.put(String(i), Buffer.alloc(MIB / 8));
    expect(statSync(`${manager.path}-wal`).size).toBeLessThan(16 * MIB);
    expect(logger.records).toEqual([]);
  });

  it('that a consistent iteration lets grow is reported, with its size', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    await Promise.all(Array.from({ length: 2000 }, (_, i) => events.put(String(i), Buffer.from('x'))));
    const view = await events.iter({ consistent: true });
    await view.next();
    for (let i = 0; i < 300; i++) await events.put(`later ${i}`, Buffer.alloc(MIB / 8));
    await view.return();
    await manager.stop();
    const [warning] = logger.records;
    expect(warning).toMatchObject({ level: 'warn', fields: { path: manager.path } });
    expect(warning!.message).toMatch(/write-ahead log has grown to \d{8,} bytes: a consistent iteration/);
  });

  it('that another connection lets grow is reported', async () => {
    const logger = recordingLogger();
    const manager = await temporary.open({ ...small, logger });
    const events = await manager.createCollection('events', 'actor');
    const other = await temporary.connect(manager.path);
    await other.exec('BEGIN; SELECT count(*) FROM events');
    for (let i = 0; i < 300; i++) await events.put(`later ${i}`, Buffer.alloc(MIB / 8));
    await other.exec('COMMIT');
    await temporary.disconnect(other);
    await manager.stop();
    expect(logger.records[0]).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/has grown to \d{8,}/) as unknown,
    });
  });
});
