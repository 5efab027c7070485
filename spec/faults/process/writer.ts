/** The side of a harness that writes: takes the writes of a history in order and says in its journal what becomes of each. */
import { openSync, writeSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import type { History } from '../history';
import type { Subject } from '../subjects';

export class Writer {
  /** The place in the history that comes next. */
  ordinal = 0;
  rejected = 0;
  /** Of the rejected ones those of unknown outcome. */
  unknown = 0;
  /** Writes whose promise has not settled. */
  unsettledWrites = 0;
  #left = 0;
  readonly #journal: number;

  /** The journal goes to a file, or to stdout. */
  constructor(
    private readonly history: History,
    journal?: string,
  ) {
    this.#journal = journal === undefined ? 1 : openSync(journal, 'a');
    process.once('exit', () => {
      if (this.#left > 0) this.say(`left ${this.#left}`);
    });
  }

  say(line: string): void {
    // One system call: what was said has left the process, even if it is killed next.
    writeSync(this.#journal, `${line}\n`);
  }

  /** Counts a promise until it settles: one that never does is still counted when the process runs out of work. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    this.#left++;
    try {
      return await promise;
    } finally {
      this.#left--;
    }
  }

  /** Issues so many writes without awaiting any, then awaits all. */
  async burst(subject: Subject, size: number): Promise<void> {
    const writes: Promise<void>[] = [];
    for (const end = this.ordinal + size; this.ordinal < end; this.ordinal++) {
      const place = this.ordinal;
      this.unsettledWrites++;
      writes.push(
        this.settled(subject.apply(this.history.at(place))).then(
          () => {
            this.unsettledWrites--;
            this.say(`ok ${place}`);
          },
          (error: unknown) => {
            this.unsettledWrites--;
            this.rejected++;
            if (isUnknown(error)) this.unknown++;
            this.say(`${isUnknown(error) ? 'unknown' : 'no'} ${place} ${describe(error)}`);
          },
        ),
      );
    }
    await Promise.all(writes);
  }

  async writeNothing(subject: Subject): Promise<void> {
    await this.settled(subject.writeNothing()).then(
      () => this.say('fenced'),
      (error: unknown) => this.say(`unfenced ${describe(error)}`),
    );
  }

  async view(subject: Subject): Promise<void> {
    await this.settled(subject.view()).then(
      (rows) => this.say(`view ${JSON.stringify([...rows])}`),
      (error: unknown) => this.say(`view-failed ${describe(error)}`),
    );
  }

  async stop(subject: Subject): Promise<void> {
    await this.settled(subject.stop()).catch((error: unknown) => this.say(`stop-failed ${describe(error)}`));
  }
}

function isUnknown(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'outcomeUnknown' in error && error.outcomeUnknown === true;
}

export function describe(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  // The library's errors have SQLite's code as sqliteCode, the driver's own as errno.
  const { code, sqliteCode, errno } = error as { code?: string; sqliteCode?: number; errno?: number };
  return `${code ?? '-'} ${sqliteCode ?? errno ?? '-'} ${error.message}`.replaceAll('\n', ' ');
}
