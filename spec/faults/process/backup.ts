/** The process of the backup: copies a store while it is written. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SqliteManager } from '../../../lib/index';
import { History } from '../history';
import { librarySubject } from '../subjects';
import { describe, Writer } from './writer';

export interface BackupOptions {
  directory: string;
  target: string;
  /** Copies the database without its write-ahead log: the control. */
  careless: boolean;
  /** Where the journal goes; stdout when missing. */
  journal?: string;
}

/** Writes before the backup, and beside it. */
export const WRITES = { before: 24, beside: 16 };

export async function backup({ directory, target, careless, journal }: BackupOptions): Promise<void> {
  const history = new History();
  const writer = new Writer(history, journal);
  const manager = await SqliteManager.open(directory, { durability: true, spec: 'nano' });
  const subject = await librarySubject(manager, history.actors);
  await writer.burst(subject, WRITES.before);
  writer.say('written');
  const copy = (): Promise<void> =>
    writer.settled(careless ? copyFileOnly(manager.path, target) : manager.backup(target)).then(
      () => writer.say('copied'),
      (error: unknown) => writer.say(`not-copied ${describe(error)}`),
    );
  await Promise.all([copy(), writer.burst(subject, WRITES.beside)]);
  await copy();
  await writer.view(subject);
  await writer.stop(subject);
}

/** From another process: reading the file in this one would drop SQLite's locks. */
async function copyFileOnly(path: string, target: string): Promise<void> {
  await promisify(execFile)('cp', [path, target]);
}
