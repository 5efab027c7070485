import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SqliteManager } from '../../lib/index';
import { bundle } from '../support/bundle';
import { rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { useHeldDriver } from './held-driver';

const temporary = useTemporary();
const driver = useHeldDriver();
const NOBODY = 65534;

/** The super-user may write everywhere, so the store is opened by somebody else. */
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

describe('opening a store without the permission to write', () => {
  let programs = '';
  let opener = '';

  beforeAll(() => {
    programs = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-programs-'));
    chmodSync(programs, 0o755);
    opener = bundle('spec/sqlite/opener.ts', programs);
  });
  afterAll(() => rmSync(programs, { recursive: true }));
  beforeEach(() => chmodSync(dirname(temporary.path('store')), 0o755));

  const open = async (directory: string): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, [opener, directory], { ...user, cwd: '/' });
    return JSON.parse(stdout);
  };
  const refused = (message: RegExp, cause: string): unknown => ({
    code: 'CREATE_STORE',
    message: expect.stringMatching(message) as unknown,
    cause,
  });

  it('is refused for a directory that cannot be written', async () => {
    mkdirSync(temporary.path('store'), { mode: 0o555 });
    expect(await open(temporary.path('store'))).toEqual(refused(/unable to open database file/, 'SQLITE_CANTOPEN'));
    expect(readdirSync(temporary.path('store'))).toEqual([]);
  });

  it('is refused below a parent that cannot be written', async () => {
    mkdirSync(temporary.path('parent'), { mode: 0o555 });
    expect(await open(temporary.path('parent', 'store'))).toEqual(refused(/EACCES/, 'EACCES'));
  });

  it('is refused for a file that can only be read, at open and not at the first write', async () => {
    await (await temporary.open()).stop();
    chmodSync(temporary.path('store', 'database.db'), 0o444);
    chmodSync(temporary.path('store'), 0o777);
    expect(await open(temporary.path('store'))).toEqual(refused(/database\.db cannot be written/, 'EACCES'));
    expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
    chmodSync(temporary.path('store', 'database.db'), 0o666);
    expect(await open(temporary.path('store'))).toEqual({ opened: true });
  });

  it('is refused for a file that cannot be read', async () => {
    await (await temporary.open()).stop();
    chmodSync(temporary.path('store', 'database.db'), 0o000);
    expect(await open(temporary.path('store'))).toEqual(refused(/database\.db cannot be written/, 'EACCES'));
  });

  it('is found out by writing a page before the manager is there', async () => {
    await (await temporary.open()).stop();
    const manager = await temporary.open();
    expect(statSync(`${manager.path}-wal`).size).toBeGreaterThan(4096);
  });

  it('is refused for a disk that takes nothing more', async () => {
    await (await temporary.open()).stop();
    driver.fail(/^COMMIT$/, { errno: 13, code: 'SQLITE_FULL', message: 'SQLITE_FULL: database or disk is full' });
    const error = await rejection(SqliteManager.open(temporary.path('store')));
    expect(error).toMatchObject({ code: 'CREATE_STORE', sqliteName: 'SQLITE_FULL' });
    expect(readdirSync(temporary.path('store'))).toEqual(['database.db']);
  });

  it('succeeds where it may write', async () => {
    mkdirSync(temporary.path('store'));
    chmodSync(temporary.path('store'), 0o777);
    expect(await open(temporary.path('store'))).toEqual({ opened: true });
  });
});
