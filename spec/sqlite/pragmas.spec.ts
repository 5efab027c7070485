import sqlite3 from 'sqlite3';
import { SqliteManager, type MachineProfile } from '../../lib/index';
import { useTemporary } from '../support/temporary';
import { recordingLogger, useRecordedConnections, type Recorded } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();
afterEach(() => jest.restoreAllMocks());

const MIB = 1024 * 1024;

async function pragmas(connection: Recorded, names: readonly string[]): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const name of names) values[name] = await connection.value(`PRAGMA ${name}`);
  return values;
}

const isWriter = ({ mode }: Recorded): boolean => (mode & sqlite3.OPEN_READONLY) === 0;

describe('the connections of a manager', () => {
  it.each([
    ['nano', -10_240, 5, 1280, 33_554_432],
    ['micro', -20_480, 10, 2560, 33_554_432],
    ['small', -40_960, 20, 5120, 62_914_560],
    ['medium', -82_944, 40, 8000, 98_304_000],
    ['large', -166_912, 81, 8000, 98_304_000],
    ['xlarge', -334_848, 128, 8000, 98_304_000],
    ['2xlarge', -670_720, 128, 8000, 98_304_000],
  ] as const)(
    'are sized for %s, writer and readers alike',
    async (spec: MachineProfile, cache, mmapMb, pages, journal) => {
      const manager = await temporary.open({ spec });
      const events = await manager.createCollection('events', 'actor');
      // More than a page: the view is needed until the last one has been read.
      await Promise.all(Array.from({ length: 2000 }, (_, i) => events.put(String(i), Buffer.from('x'))));
      const view = await events.iter({ consistent: true });
      await view.next();
      expect(connections).toHaveLength(4);
      for (const connection of connections) {
        expect(
          await pragmas(connection, [
            'busy_timeout',
            'journal_mode',
            'synchronous',
            'temp_store',
            'cache_size',
            'mmap_size',
            'wal_autocheckpoint',
            'journal_size_limit',
          ]),
        ).toEqual({
          busy_timeout: 5000,
          journal_mode: 'wal',
          synchronous: 1,
          temp_store: 2,
          cache_size: cache,
          mmap_size: mmapMb * MIB,
          wal_autocheckpoint: pages,
          journal_size_limit: journal,
        });
      }
    },
  );

  it.each([{ durability: true }, {}])('flush every commit to the disk with %j', async (options) => {
    const manager = temporary.adopt(await SqliteManager.open(temporary.path('store'), options));
    expect(connections).toHaveLength(3);
    for (const connection of connections) {
      expect(await pragmas(connection, ['synchronous', 'fullfsync', 'checkpoint_fullfsync'])).toEqual({
        synchronous: 2,
        fullfsync: 1,
        checkpoint_fullfsync: 1,
      });
    }
    await manager.stop();
  });

  it('are one writer and two readers that cannot write', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.from('x'));
    await Promise.all(Array.from({ length: 200 }, (_, i) => events.getByRange(undefined, i + 1)));
    expect(connections.filter(isWriter)).toHaveLength(1);
    expect(connections.filter((connection) => !isWriter(connection))).toHaveLength(2);
  });

  it.each([1, 3])('are as many readers as are asked for: %i', async (readers) => {
    const manager = await temporary.open({ readers });
    const events = await manager.createCollection('events', 'actor');
    await Promise.all(Array.from({ length: 200 }, (_, i) => events.getByRange(undefined, i + 1)));
    expect(connections.filter((connection) => !isWriter(connection))).toHaveLength(readers);
  });

  it.each([
    ['1', 1],
    ['3', 1],
    ['4', 2],
    ['16', 2],
    ['', 2],
    ['many', 2],
  ])('are as many readers as libuv has threads for: with UV_THREADPOOL_SIZE=%s %i', async (threads, readers) => {
    jest.replaceProperty(process, 'env', { ...process.env, UV_THREADPOOL_SIZE: threads });
    await temporary.open();
    expect(connections.filter((connection) => !isWriter(connection))).toHaveLength(readers);
  });

  it('are reported when there are more of them than libuv has threads', async () => {
    jest.replaceProperty(process, 'env', { ...process.env, UV_THREADPOOL_SIZE: '5' });
    const logger = recordingLogger();
    await temporary.open({ readers: 4, logger });
    expect(logger.records).toEqual([]);
    await temporary.open({ readers: 5, logger }, temporary.path('other'));
    expect(logger.records).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/UV_THREADPOOL_SIZE/) as unknown },
    ]);
  });

  it('are no more for ten thousand handles', async () => {
    const manager = await temporary.open();
    await Promise.all(
      Array.from({ length: 10_000 }, (_, i) =>
        i % 2 === 0 ? manager.createCollection('events', `actor ${i}`) : manager.createState('snapshots', `actor ${i}`),
      ),
    );
    expect(connections).toHaveLength(3);
  });
});
