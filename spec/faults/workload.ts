/** The writing process of most harnesses: works through the history and says what became of each write. */
import { openSync, writeSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { writeAt } from './history';
import { openSubject, type Subject, type SubjectOptions } from './subjects';

export interface WorkloadOptions {
  directory: string;
  subject: SubjectOptions;
  /** Writes in all, over all sessions. */
  writes: number;
  /** The store is opened and stopped so many times. */
  sessions: number;
  /** How it ends: with the last stop, or killed instead of it. */
  end: 'stop' | 'kill';
  /** Where the journal goes; stdout when missing. */
  journal?: string;
}

/** Sizes of the bursts in which writes are issued without awaiting them. */
const BURSTS = [1, 3, 8, 1, 16];

export async function workload(options: WorkloadOptions): Promise<void> {
  const journal = options.journal === undefined ? 1 : openSync(options.journal, 'a');
  const say = (line: string): void => void writeSync(journal, `${line}\n`);
  let left = 0;
  process.once('exit', () => {
    if (left > 0) say(`left ${left}`);
  });
  /** Counts a promise until it settles: what never does is still counted when the process runs out of work. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    left++;
    try {
      return await promise;
    } finally {
      left--;
    }
  };

  let ordinal = 0;
  const burst = async (subject: Subject, size: number): Promise<void> => {
    const writes: Promise<void>[] = [];
    for (const end = ordinal + size; ordinal < end; ordinal++) {
      const place = ordinal;
      writes.push(
        settled(subject.apply(writeAt(place))).then(
          () => say(`ok ${place}`),
          (error: unknown) => say(`${isUnknown(error) ? 'unknown' : 'no'} ${place} ${describe(error)}`),
        ),
      );
    }
    await Promise.all(writes);
  };

  for (let session = 1; session <= options.sessions; session++) {
    const subject = await openTwice(() => settled(openSubject(options.directory, options.subject)), say);
    if (subject === undefined) continue;
    say('open');
    const end = Math.floor((options.writes * session) / options.sessions);
    for (let turn = 0; ordinal < end; turn++) {
      await burst(subject, Math.min(BURSTS[turn % BURSTS.length]!, end - ordinal));
    }
    await settled(subject.view()).then(
      (rows) => say(`view ${JSON.stringify([...rows])}`),
      (error: unknown) => say(`view-failed ${describe(error)}`),
    );
    if (options.end === 'kill' && session === options.sessions) process.kill(process.pid, 'SIGKILL');
    await settled(subject.stop()).catch((error: unknown) => say(`stop-failed ${describe(error)}`));
  }
  say('end');
}

/** A store whose opening failed once must be openable again in the same process. */
async function openTwice(open: () => Promise<Subject>, say: (line: string) => void): Promise<Subject | undefined> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      return await open();
    } catch (error) {
      say(`open-failed ${describe(error)}`);
    }
  }
  return undefined;
}

function isUnknown(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'outcomeUnknown' in error && error.outcomeUnknown === true;
}

function describe(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  const { code, sqliteCode } = error as { code?: unknown; sqliteCode?: unknown };
  return `${String(code)} ${String(sqliteCode ?? '')} ${error.message}`.replaceAll('\n', ' ');
}
