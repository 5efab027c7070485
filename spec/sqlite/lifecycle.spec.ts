import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  CreateStoreError,
  InvalidConfigurationError,
  SqliteManager,
  StoreOperationError,
  type SqliteManagerOptions,
} from '../../lib/index';
import { collect, rejection } from '../support/gates';
import { executeFromOutside, queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';
import { openDescriptors, showsDescriptors } from '../support/watching';
import { useHeldDriver } from './held-driver';

const temporary = useTemporary();
const driver = useHeldDriver();
const IO_ERROR = { errno: 266, code: 'SQLITE_IOERR', message: 'SQLITE_IOERR: disk I/O error' };

describe('open', () => {
  it('makes the directory with its parents, and the file in it', async () => {
    const manager = await temporary.open({}, temporary.path('a', 'b', 'c'));
    expect(manager.path).toBe(temporary.path('a', 'b', 'c', 'database.db'));
    expect(existsSync(manager.path)).toBe(true);
  });

  it('makes the parents of a durable store too', async () => {
    const manager = await temporary.open({ durability: true }, temporary.path('a', 'b'));
    await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
    expect(existsSync(temporary.path('a', 'b', 'database.db'))).toBe(true);
  });

  it('takes a URL', async () => {
    const manager = await temporary.open({}, pathToFileURL(temporary.path('by url')));
    expect(manager.path).toBe(temporary.path('by url', 'database.db'));
  });

  it('gives an absolute path for a relative one', async () => {
    const before = process.cwd();
    mkdirSync(temporary.path('here'));
    process.chdir(temporary.path('here'));
    try {
      const manager = await temporary.open({}, 'relative');
      process.chdir(before);
      expect(manager.path).toBe(temporary.path('here', 'relative', 'database.db'));
      await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
    } finally {
      process.chdir(before);
    }
  });

  it.each(['with space', "it's", '50%', 'a?b#c', 'ünï-✓', '-rf', ':memory:', 'file:x?mode=memory'])(
    'takes a directory named %s as it is',
    async (name) => {
      const manager = await temporary.open({}, temporary.path(name));
      await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
      expect(readdirSync(temporary.path(name))).toContain('database.db');
    },
  );

  it('takes an empty file as a new database', async () => {
    mkdirSync(temporary.path('store'));
    writeFileSync(temporary.path('store', 'database.db'), '');
    const manager = await temporary.open();
    const state = await manager.createState('snapshots', 'actor');
    await state.put(Buffer.from('x'));
    expect(await state.get()).toEqual(Buffer.from('x'));
  });

  it('leaves a database that was never written to with nothing in it', async () => {
    const manager = await temporary.open();
    await manager.stop();
    expect(
      await queryFromOutside(manager.path, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"),
    ).toEqual([]);
  });

  describe('rejects', () => {
    const failsToOpen = async (reason: RegExp, directory = temporary.path('store')): Promise<CreateStoreError> => {
      const before = showsDescriptors ? openDescriptors() : 0;
      const error = await rejection(SqliteManager.open(directory));
      expect(error).toBeInstanceOf(CreateStoreError);
      expect(error.message).toMatch(/^failed to create store: /);
      expect(error.message).toMatch(reason);
      if (showsDescriptors) expect(openDescriptors()).toBe(before);
      return error as unknown as CreateStoreError;
    };

    it('a directory below a file', async () => {
      writeFileSync(temporary.path('file'), 'mine');
      const error = await failsToOpen(/ENOTDIR|EEXIST/, temporary.path('file', 'store'));
      expect(error.cause).toMatchObject({ syscall: 'mkdir' });
      expect(readFileSync(temporary.path('file'), 'utf8')).toBe('mine');
    });

    it('a directory that is a file', async () => {
      writeFileSync(temporary.path('store'), 'mine');
      expect((await failsToOpen(/ENOTDIR|EEXIST/)).cause).toMatchObject({ syscall: 'mkdir' });
    });

    it('a database.db that is a directory', async () => {
      mkdirSync(temporary.path('store', 'database.db'), { recursive: true });
      await failsToOpen(/database\.db is not a file/);
    });

    it('a file that is no database, and leaves it as it was', async () => {
      mkdirSync(temporary.path('store'));
      const garbage = 'no database at all, but long enough to be taken for one. '.repeat(100);
      writeFileSync(temporary.path('store', 'database.db'), garbage);
      const error = await failsToOpen(/not a database/);
      expect(error).toMatchObject({
        sqliteCode: 26,
        sqliteName: 'SQLITE_NOTADB',
        path: temporary.path('store', 'database.db'),
      });
      expect(error.cause).toMatchObject({ errno: 26 });
      expect(readFileSync(temporary.path('store', 'database.db'), 'utf8')).toBe(garbage);
      expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
    });

    it.each(['UTF-16le', 'UTF-16be'])('a database in %s, and leaves it as it was', async (encoding) => {
      mkdirSync(temporary.path('store'));
      const file = temporary.path('store', 'database.db');
      await executeFromOutside(
        file,
        `PRAGMA encoding = '${encoding}';
         CREATE TABLE events (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn));
         INSERT INTO events VALUES ('a', '1', x'01')`,
      );
      await failsToOpen(/UTF-16.*UTF-8|UTF-8.*UTF-16/);
      expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
      expect(await queryFromOutside(file, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
      expect(await queryFromOutside(file, 'SELECT prefix, sn, hex(value) AS value FROM events')).toEqual([
        { prefix: 'a', sn: '1', value: '01' },
      ]);
    });

    it('a path that is too long', async () => {
      await failsToOpen(/ENAMETOOLONG/, temporary.path('x'.repeat(300)));
    });
  });

  it('succeeds in a directory where it failed before, once the cause is gone', async () => {
    mkdirSync(temporary.path('store', 'database.db'), { recursive: true });
    await rejection(SqliteManager.open(temporary.path('store')));
    rmdirSync(temporary.path('store', 'database.db'));
    const manager = await temporary.open();
    await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
  });
});

describe('the options of open', () => {
  const invalid = async (component: string, directory: unknown, options?: unknown): Promise<void> => {
    const error = await rejection(SqliteManager.open(directory as string, options as SqliteManagerOptions));
    expect(error).toBeInstanceOf(InvalidConfigurationError);
    expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION', component });
    expect(error.message).toMatch(new RegExp(`^invalid configuration for ${component}: `));
  };

  it.each([
    ['empty', ''],
    ['with a NUL', 'a\0b'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', {}],
    ['a URL of the web', new URL('http://127.0.0.1/store')],
  ])('refuse a directory that is %s', async (_title, directory) => {
    await invalid('directory', directory);
  });

  it.each([
    ['RAM of 0', 'spec.ramMb', { spec: { ramMb: 0, cpuCores: 1 } }],
    ['0 cores', 'spec.cpuCores', { spec: { ramMb: 512, cpuCores: 0 } }],
    ['an unknown profile', 'spec', { spec: 'gigantic' }],
    ['no readers', 'readers', { readers: 0 }],
    ['half a reader', 'readers', { readers: 1.5 }],
    ['NaN readers', 'readers', { readers: Number.NaN }],
    ['readers as text', 'readers', { readers: '2' }],
    ['a queue of nothing', 'maxQueuedBytes', { maxQueuedBytes: 0 }],
    ['a negative queue', 'maxQueuedBytes', { maxQueuedBytes: -1 }],
    ['a queue of NaN', 'maxQueuedBytes', { maxQueuedBytes: Number.NaN }],
    ['durability as text', 'durability', { durability: 'yes' }],
    ['a logger that is none', 'logger', { logger: { info: () => undefined } }],
    ['options that are text', 'options', 'fast'],
    ['options that are null', 'options', null],
  ])('refuse %s', async (_title, component, options) => {
    await invalid(component, temporary.path('store'), options);
    expect(existsSync(temporary.path('store'))).toBe(false);
  });

  it('may be undefined one by one', async () => {
    const nothing = {
      durability: undefined,
      spec: undefined,
      readers: undefined,
      maxQueuedBytes: undefined,
      logger: undefined,
    };
    const manager = temporary.adopt(
      await SqliteManager.open(temporary.path('store'), nothing as unknown as SqliteManagerOptions),
    );
    await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
  });

  it('may ask for more RAM than there is', async () => {
    const manager = await temporary.open({ spec: { ramMb: 10_000_000, cpuCores: 1000 } });
    await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
  });
});

describe('a directory that is open in this process', () => {
  it('is refused a second time, by whatever path', async () => {
    await temporary.open();
    symlinkSync(temporary.path('store'), temporary.path('link'));
    for (const directory of [temporary.path('store'), temporary.path('store', '..', 'store'), temporary.path('link')]) {
      const error = await rejection(SqliteManager.open(directory));
      expect(error).toBeInstanceOf(CreateStoreError);
      expect(error.message).toMatch(/already open in this process/);
    }
  });

  it('is refused a second time through the link that its file was made through', async () => {
    mkdirSync(temporary.path('store'));
    mkdirSync(temporary.path('real'));
    symlinkSync(temporary.path('real', 'database.db'), temporary.path('store', 'database.db'));
    const [first] = await Promise.allSettled([SqliteManager.open(temporary.path('store'), { durability: false })]);
    const [second] = await Promise.allSettled([SqliteManager.open(temporary.path('real'), { durability: false })]);
    for (const outcome of [first, second]) if (outcome.status === 'fulfilled') await outcome.value.stop();
    expect([first.status, second.status]).toContain('rejected');
  });

  it('is refused while it is being opened', async () => {
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => SqliteManager.open(temporary.path('store'))));
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') temporary.adopt(outcome.value);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  it('is refused while it is being stopped, and opens again afterwards', async () => {
    const first = await temporary.open();
    const stopping = first.stop();
    expect((await rejection(SqliteManager.open(temporary.path('store')))).message).toMatch(
      /already open in this process/,
    );
    await stopping;
    const second = await temporary.open();
    await (await second.createState('snapshots', 'actor')).put(Buffer.from('x'));
  });

  it('is refused to another copy of the library too', async () => {
    await temporary.open();
    await jest.isolateModulesAsync(async () => {
      const copy = await import('../../lib/index');
      expect(copy.SqliteManager).not.toBe(SqliteManager);
      const error = await rejection(copy.SqliteManager.open(temporary.path('store')));
      expect(error.message).toMatch(/already open in this process/);
    });
  });

  it('does not stand in the way of another one', async () => {
    const [one, two] = await Promise.all([
      temporary.open({}, temporary.path('one')),
      temporary.open({}, temporary.path('two')),
    ]);
    const [first, second] = await Promise.all([one.createState('s', 'a'), two.createState('s', 'a')]);
    await Promise.all([first.put(Buffer.from('1')), second.put(Buffer.from('2'))]);
    expect(await first.get()).toEqual(Buffer.from('1'));
    expect(await second.get()).toEqual(Buffer.from('2'));
  });
});

describe('stop', () => {
  it('leaves database.db alone in the directory', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.from('x'));
    await events.get('1');
    expect(readdirSync(temporary.path('store')).length).toBeGreaterThan(1);
    await manager.stop();
    expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
  });

  it('honours every write that was accepted before it', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const writes = Array.from({ length: 1000 }, (_, i) => events.put(String(i), Buffer.from('x')));
    await Promise.all([manager.stop(), ...writes]);
    expect(await queryFromOutside(manager.path, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 1000 }]);
  });

  it('resolves only after every accepted write has settled', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const order: string[] = [];
    const write = events.put('1', Buffer.from('x')).then(() => order.push('write'));
    const batch = manager
      .writeBatch([{ type: 'put', target: events, key: '2', data: Buffer.from('x') }])
      .then(() => order.push('batch'));
    const missing = events.del('3').catch(() => order.push('missing'));
    const stop = manager.stop().then(() => order.push('stop'));
    await Promise.all([write, batch, missing, stop]);
    expect(order).toHaveLength(4);
    expect(order[3]).toBe('stop');
  });

  it('honours every read that was issued before it', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.from('x'));
    const reads = Array.from({ length: 300 }, () => events.get('1'));
    const other = [events.last(), events.getByRange(undefined, 5), events.getMany(['1', '2']), events.find('2')];
    await manager.stop();
    expect((await Promise.all(reads)).every((value) => value.equals(Buffer.from('x')))).toBe(true);
    expect(await Promise.all(other)).toEqual([
      ['1', Buffer.from('x')],
      [Buffer.from('x')],
      [Buffer.from('x'), undefined],
      undefined,
    ]);
  });

  it('honours the handles that are being made', async () => {
    const manager = await temporary.open();
    const making = manager.createCollection('events', 'actor');
    const stopping = manager.stop();
    expect((await making).name).toBe('events');
    await stopping;
  });

  it('gives the same promise to every caller', async () => {
    const manager = await temporary.open();
    const first = manager.stop();
    expect(manager.stop()).toBe(first);
    await first;
    expect(manager.stop()).toBe(first);
    await manager[Symbol.asyncDispose]();
  });

  it('is what `await using` does', async () => {
    let events;
    {
      await using manager = await SqliteManager.open(temporary.path('store'), { durability: false });
      events = await manager.createCollection('events', 'actor');
      await events.put('1', Buffer.from('x'));
    }
    expect(await rejection(events.get('1'))).toMatchObject({ operation: 'stopped' });
    expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
  });

  it('makes every method of the manager and of its handles reject, saying so', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    const state = await manager.createState('snapshots', 'actor');
    const stopping = manager.stop();
    const data = Buffer.from('x');
    const calls = (): PromiseLike<unknown>[] => [
      manager.createCollection('events', 'other'),
      manager.createState('snapshots', 'other'),
      manager.writeBatch([]),
      manager.writeBatch([{ type: 'put', target: state, data }]),
      manager.backup(temporary.path('copy.db')),
      collect(manager.prefixes('events')),
      events.get('1'),
      events.find('1'),
      events.getMany(['1']),
      events.getMany([]),
      events.put('1', data),
      events.insert('1', data),
      events.del('1'),
      events.last(),
      collect(events.iter()),
      collect(events.iter({ consistent: true })),
      collect(events.iterRange('a', 'b')),
      collect(events.iter({ limit: 0 })),
      events.getByRange(undefined, 1),
      events.getByRange(undefined, 0),
      events.delRange('a', 'b'),
      events.delRange('b', 'a'),
      events.purge(),
      state.get(),
      state.find(),
      state.put(data),
      state.del(),
      state.purge(),
    ];
    const during = calls().map(rejection);
    for (const error of await Promise.all(during)) {
      expect(error).toBeInstanceOf(StoreOperationError);
      expect(error).toMatchObject({ code: 'STORE', operation: 'stopped' });
      expect(error.message).toMatch(/manager is stopped/);
    }
    await stopping;
    for (const error of await Promise.all(calls().map(rejection)))
      expect(error).toMatchObject({ operation: 'stopped' });
    expect(existsSync(temporary.path('copy.db'))).toBe(false);
  });

  it.each([false, true])(
    'ends an open iteration with a rejection of its next pull (consistent: %s)',
    async (consistent) => {
      const manager = await temporary.open();
      const events = await manager.createCollection('events', 'actor');
      await manager.writeBatch(
        Array.from(
          { length: 5000 },
          (_, i) => ({ type: 'put', target: events, key: String(i), data: Buffer.from('x') }) as const,
        ),
      );
      const iterator = await events.iter({ consistent });
      await iterator.next();
      await manager.stop();
      expect(await rejection(iterator.next())).toMatchObject({ operation: 'stopped' });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(await iterator.return()).toEqual({ done: true, value: undefined });
    },
  );

  it.each([false, true])(
    'honours the pull of an iteration that was issued before it (consistent: %s)',
    async (consistent) => {
      const manager = await temporary.open();
      const events = await manager.createCollection('events', 'actor');
      await Promise.all(Array.from({ length: 2000 }, (_, i) => events.put(String(i), Buffer.from('x'))));
      const iterators = await Promise.all([1, 2, 3].map(() => events.iter({ consistent })));
      const pulls = iterators.map((iterator) => iterator.next());
      await manager.stop();
      expect((await Promise.all(pulls)).map(({ value }) => value)).toEqual(Array(3).fill(['0', Buffer.from('x')]));
      expect(await rejection(iterators[0]!.next())).toMatchObject({ operation: 'stopped' });
    },
  );

  it('does not wait for the consumer of an iteration', async () => {
    const manager = await temporary.open();
    const events = await manager.createCollection('events', 'actor');
    await events.put('1', Buffer.from('x'));
    const loop = (async () => {
      for await (const [key] of events.iter({ consistent: true })) {
        expect(key).toBe('1');
        await manager.stop();
      }
    })();
    expect(await rejection(loop)).toMatchObject({ operation: 'stopped' });
  });

  it('gives back every descriptor', async () => {
    const before = showsDescriptors ? openDescriptors() : 0;
    for (let i = 0; i < 3; i++) {
      const manager = await temporary.open();
      const events = await manager.createCollection('events', 'actor');
      await events.put('1', Buffer.from('x'));
      const iterator = await events.iter({ consistent: true });
      await iterator.next();
      await manager.stop();
    }
    if (showsDescriptors) expect(openDescriptors()).toBe(before);
  });

  it.each([
    ['no connection can be closed', (): void => [1, 2, 3, 4].forEach(() => driver.failClose(IO_ERROR))],
    ['the log cannot be brought into the file', (): void => driver.fail(/wal_checkpoint/, IO_ERROR)],
  ])('rejects when %s, and has settled and closed everything', async (_, fail) => {
    const manager = await SqliteManager.open(temporary.path('store'), { durability: false });
    const events = await manager.createCollection('events', 'actor');
    await events.put('first', Buffer.from('x'));
    const iterator = await events.iter({ consistent: true });
    await iterator.next();
    fail();
    const writes = Array.from({ length: 300 }, (_, i) => events.put(String(i), Buffer.from('x')));
    const reads = [events.get('0'), events.last(), iterator.next()].map((read) => read.catch(() => undefined));
    const error = await rejection(manager.stop());
    expect(error).toMatchObject({ code: 'STORE', operation: 'wal_checkpoint', sqliteName: 'SQLITE_IOERR' });
    await Promise.all([...writes, ...reads]);
    expect(await rejection(manager.stop())).toBe(error);
    driver.release();
    const again = await (await temporary.open()).createCollection('events', 'actor');
    expect(await collect(again.iter())).toHaveLength(301);
  });

  it('leaves a file that is not locked by anybody', async () => {
    const manager = await temporary.open();
    await (await manager.createState('snapshots', 'actor')).put(Buffer.from('x'));
    await manager.stop();
    await executeFromOutside(manager.path, "PRAGMA locking_mode = EXCLUSIVE; UPDATE snapshots SET value = x'01'");
    expect(await queryFromOutside(manager.path, 'SELECT hex(value) AS value FROM snapshots')).toEqual([
      { value: '01' },
    ]);
  });
});
