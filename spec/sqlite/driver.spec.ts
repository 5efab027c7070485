import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasWalResetFix } from '../../lib/sqlite/store-file';
import { SqliteManager } from '../../lib/index';
import { rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { useHeldDriver } from './held-driver';

describe('a driver with an older SQLite', () => {
  const temporary = useTemporary();
  const driver = useHeldDriver();

  it('is refused before it has changed anything, with what to install', async () => {
    driver.replace(/sqlite_version/, "SELECT '3.46.1' AS version");
    const error = await rejection(SqliteManager.open(temporary.path('store')));
    expect(error).toMatchObject({ code: 'CREATE_STORE', path: temporary.path('store', 'database.db') });
    expect(error.message).toMatch(
      /SQLite 3\.46\.1, which can corrupt .*: 3\.51\.3 or later is needed \(sqlite3 6 has it\)/,
    );
    expect(statSync(temporary.path('store', 'database.db')).size).toBe(0);
    expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
    driver.release();
    await temporary.open();
  });

  // https://sqlite.org/wal.html#walresetbug
  it.each([
    ['3.7.0', false],
    ['3.44.5', false],
    ['3.44.6', true],
    ['3.45.0', false],
    ['3.46.1', false],
    ['3.50.6', false],
    ['3.50.7', true],
    ['3.51.0', false],
    ['3.51.2', false],
    ['3.51.3', true],
    ['3.52.0', true],
    ['3.100.0', true],
    ['4.0.0', true],
    ['', false],
  ])('is refused when it can corrupt a file in WAL mode: %s %p', (version, taken) => {
    expect(hasWalResetFix(version)).toBe(taken);
  });
});

describe('a driver whose native binding is missing', () => {
  let directory = '';
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'))));
  afterEach(() => {
    jest.dontMock('sqlite3');
    rmSync(directory, { recursive: true });
  });

  it('is named in one line that says what to do, when a store is opened and not before', async () => {
    jest.resetModules();
    jest.doMock('sqlite3', () => {
      throw new Error(
        'Could not locate the bindings file. Tried:\n → build/node_sqlite3.node\n → build/Debug/node_sqlite3.node',
      );
    });
    const { CreateStoreError, SqliteManager } = await import('../../lib/index');
    const error = await rejection(SqliteManager.open(join(directory, 'store')));
    expect(error).toBeInstanceOf(CreateStoreError);
    expect(error.message).toMatch(/install script.*npm rebuild sqlite3/);
    expect(error.message.split('\n')).toHaveLength(1);
    expect(error.cause).toMatchObject({ message: expect.stringContaining('bindings file') as unknown });
    // The claim on the directory is given back: the same error, not "already open".
    expect((await rejection(SqliteManager.open(join(directory, 'store')))).message).toMatch(/npm rebuild sqlite3/);
    expect(readdirSync(join(directory, 'store'))).toEqual([]);
  });
});
