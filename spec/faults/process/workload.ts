/** The writing process of most harnesses: works through a history and says what becomes of each write. */
import { limitHeap } from './driver';
import { History } from '../history';
import { openSubject, type Subject, type SubjectOptions } from '../subjects';
import { describe, Writer } from './writer';

export interface WorkloadOptions {
  directory: string;
  subject: SubjectOptions;
  /** Tells its actors from those of another process. */
  owner?: string;
  /** Writes in all, over all sessions. */
  writes: number;
  /** The store is opened and stopped so many times. */
  sessions: number;
  /** How it ends: with the last stop, or instead of it killed, or by itself with the store left open. */
  end: 'stop' | 'kill' | 'forget';
  /** After the first write of unknown outcome there comes one that changes nothing, and the end. */
  fences?: boolean;
  /** How many bytes SQLite may take in the process. */
  heap?: number;
  /** Where the journal goes; stdout when missing. */
  journal?: string;
}

/** Sizes of the bursts in which writes are issued without awaiting them. */
const BURSTS = [1, 3, 8, 1, 16, 90];

export async function workload(options: WorkloadOptions): Promise<void> {
  const history = new History(options.owner);
  const writer = new Writer(history, options.journal);
  const open = (): Promise<Subject> => writer.settled(openSubject(options.directory, options.subject, history.actors));
  if (options.heap !== undefined) await limitHeap(options.heap);
  for (let session = 1; session <= options.sessions; session++) {
    const subject = await twice(open, (error) => writer.say(`open-failed ${describe(error)}`));
    if (subject === undefined) continue;
    writer.say('open');
    const end = Math.floor((options.writes * session) / options.sessions);
    for (let turn = 0; writer.ordinal < end; turn++) {
      await writer.burst(subject, Math.min(BURSTS[turn % BURSTS.length]!, end - writer.ordinal));
      if (options.fences === true && writer.unknown > 0) {
        await writer.writeNothing(subject);
        await writer.view(subject);
        process.kill(process.pid, 'SIGKILL');
      }
    }
    await writer.view(subject);
    if (options.end === 'kill' && session === options.sessions) process.kill(process.pid, 'SIGKILL');
    if (options.end === 'forget' && session === options.sessions) await subject.linger();
    else await writer.stop(subject);
  }
  writer.say('end');
}

/** A store whose opening failed once can be opened again in the same process. */
async function twice<T>(open: () => Promise<T>, failed: (error: unknown) => void): Promise<T | undefined> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      return await open();
    } catch (error) {
      failed(error);
    }
  }
  return undefined;
}
