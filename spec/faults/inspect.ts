/** What is in a store whose process has ended. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { differences, type Rows } from './history';
import { openSubject, rowsOf } from './subjects';

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

/** As `rowsIn`, after the library has opened, read and stopped the store, and has seen the same. */
export async function rowsReopened(directory: string): Promise<Rows> {
  const subject = await openSubject(directory, { kind: 'library', durability: true });
  const seen = await subject.view();
  await subject.stop();
  const left = readdirSync(directory).filter((name) => name !== 'database.db');
  if (left.length > 0) throw new Error(`stop left ${left.join(', ')}`);
  const rows = await rowsIn(directory);
  if (differences(seen, rows) > 0) throw new Error('the library reads other rows than the bare driver');
  return rows;
}
