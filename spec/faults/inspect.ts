/** What is in a store whose process has ended. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { differences, rowsOfActors, type History, type Rows } from './history';
import type { Journal } from './journal';
import type { Ended } from './processes';
import { openSubject, rowsOf } from './subjects';
import type { Tally } from './tally';
import type { WorkloadOptions } from './process/workload';

/** The rows of a store by the bare driver. Throws when the file is damaged. */
export async function rowsIn(directory: string): Promise<Rows> {
  const filename = join(directory, 'database.db');
  if (!existsSync(filename)) return new Map();
  const database = await open({ filename, mode: sqlite3.OPEN_READWRITE, driver: sqlite3.Database });
  try {
    const [check] = await database.all<{ integrity_check: string }[]>('PRAGMA integrity_check');
    if (check?.integrity_check !== 'ok') throw new Error(`integrity_check: ${check?.integrity_check ?? 'nothing'}`);
    return await rowsOf(database);
  } finally {
    await database.close();
  }
}

/** As `rowsIn`, after the library has opened, read and stopped the store, and has seen the same of these actors. */
export async function rowsReopened(directory: string, { actors }: History): Promise<Rows> {
  const subject = await openSubject(directory, { kind: 'library', durability: false }, actors);
  const seen = await subject.view();
  await subject.stop();
  const left = readdirSync(directory).filter((name) => name !== 'database.db');
  if (left.length > 0) throw new Error(`stop left ${left.join(', ')}`);
  const rows = await rowsIn(directory);
  if (differences(seen, rowsOfActors(rows, actors)) > 0)
    throw new Error('the library reads other rows than the bare driver');
  return rows;
}

/** Judges how a workload ended: by itself or by a kill that was meant, with every promise settled, and without having read what it had not written. */
export function judgeEnd(tally: Tally, ended: Ended, journal: Journal, where: string): void {
  if (ended.hung || journal.left > 0) {
    tally.hung++;
    tally.findings.push(`${where}: ${journal.left} promises did not settle`);
  }
  if (ended.signal !== 'SIGKILL' && ended.code !== 0) {
    tally.findings.push(`${where}: ended with ${ended.code ?? ended.signal}: ${ended.stderr.trim()}`);
  }
  for (const contradiction of journal.contradictions) tally.findings.push(`${where}: ${contradiction}`);
}

/** Judges the end of a workload and the store that it left. */
export async function judgeEnded(
  tally: Tally,
  ended: Ended,
  journal: Journal,
  { directory, subject }: Pick<WorkloadOptions, 'directory' | 'subject'>,
  where: string,
): Promise<void> {
  judgeEnd(tally, ended, journal, where);
  try {
    const rows = subject.kind === 'library' ? await rowsReopened(directory, journal.history) : await rowsIn(directory);
    tally.add(journal.judge(rows), where);
  } catch (error) {
    tally.findings.push(`${where}: ${String(error)}`);
  }
}
