/** The process of the held lock: somebody else keeps the write lock for longer than a writer waits, then gives it back. */
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { History } from '../history';
import { openSubject, type SubjectOptions } from '../subjects';
import { query } from './driver';
import { Writer } from './writer';

export interface HeldLockOptions {
  directory: string;
  subject: SubjectOptions;
  /** Writes issued together while the lock is held. */
  burst: number;
}

export async function heldLock({ directory, subject: options, burst }: HeldLockOptions): Promise<void> {
  const history = new History();
  const writer = new Writer(history);
  const subject = await openSubject(directory, options, history.actors);
  await writer.burst(subject, 8);
  const holder = new sqlite3.Database(join(directory, 'database.db'));
  await query(holder, 'BEGIN IMMEDIATE');
  await writer.burst(subject, burst);
  if (writer.rejected < burst) writer.say('wrong: a write was committed although the lock was held');
  await query(holder, 'COMMIT');
  await writer.burst(subject, 1);
  await writer.burst(subject, 16);
  if (writer.rejected > burst) writer.say('wrong: a write was rejected although the lock was free');
  await writer.view(subject);
  process.kill(process.pid, 'SIGKILL');
}
