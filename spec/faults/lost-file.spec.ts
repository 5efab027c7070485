import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteManager } from '../../lib/index';
import { rejection } from '../support/gates';
import { EVENTS, History } from './history';
import { rowsReopened } from './inspect';
import { Journal } from './journal';
import { Workshop } from './processes';

const WRITES = 40;

let workshop: Workshop;
let directory: string;
let journal: Journal;

beforeAll(() => (workshop = new Workshop()));
afterAll(() => workshop.dispose());

beforeEach(async () => {
  directory = join(workshop.directory(), 'store');
  journal = new Journal(new History(), WRITES);
  const subject = { kind: 'library', durability: true } as const;
  const options = { directory, subject, writes: WRITES, sessions: 1, end: 'kill' } as const;
  await workshop.run('workload', options, { onLine: (line) => journal.read(line) });
});

describe('a store whose process was killed and whose file', () => {
  it.each([
    ['is missing', (file: string) => rmSync(file)],
    ['is empty', (file: string) => truncateSync(file)],
  ])('%s is refused, and its log is kept', async (_, lose) => {
    const file = join(directory, 'database.db');
    const log = readFileSync(`${file}-wal`);
    lose(file);
    const before = readdirSync(directory);
    const refused = await rejection(SqliteManager.open(directory));
    expect(refused).toMatchObject({ code: 'CREATE_STORE', path: file });
    expect(refused.message).toContain(
      `Put the same file back. Or move ${file}-wal and ${file}-shm away first, then put a backup there`,
    );
    expect(readdirSync(directory)).toEqual(before);
    expect(readFileSync(`${file}-wal`).equals(log)).toBe(true);
  });

  it('was lost takes a backup once its log has been moved away, as the refusal says', async () => {
    const file = join(directory, 'database.db');
    const backup = join(workshop.directory(), 'backup.db');
    const manager = await SqliteManager.open(directory);
    await manager.backup(backup);
    const events = await manager.createCollection(EVENTS, 'later');
    await events.put('1', Buffer.from('lost with the file'));
    // By another process: reading the log in this one would drop SQLite's locks.
    execFileSync('cp', [`${file}-wal`, join(directory, 'kept')]);
    await manager.stop();
    renameSync(join(directory, 'kept'), `${file}-wal`);
    rmSync(file);
    await rejection(SqliteManager.open(directory));
    renameSync(`${file}-wal`, join(workshop.directory(), 'aside-wal'));
    copyFileSync(backup, file);
    const { acknowledged, lost, half } = journal.judge(await rowsReopened(directory, journal.history));
    expect({ acknowledged, lost, half }).toEqual({ acknowledged: WRITES, lost: 0, half: 0 });
  });

  it('was lost and put back has everything that was acknowledged', async () => {
    const file = join(directory, 'database.db');
    renameSync(file, `${file}.aside`);
    await rejection(SqliteManager.open(directory));
    renameSync(`${file}.aside`, file);
    const { acknowledged, lost, half } = journal.judge(await rowsReopened(directory, journal.history));
    expect({ acknowledged, lost, half }).toEqual({ acknowledged: WRITES, lost: 0, half: 0 });
  });
});
