/** A run of the workload whose writes and syncs are logged, and the states that a disk could be left in. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, recordsOf, type LogRecord } from './disk';
import { environmentOf, type Fault } from './faultfs';
import { History } from './history';
import { judgeEnd, rowsIn, rowsReopened } from './inspect';
import { Journal } from './journal';
import type { Ended, Workshop } from './processes';
import type { Random } from './random';
import { makeSmallPaged, type SubjectOptions } from './subjects';
import type { Tally } from './tally';

export interface LoggedRunOptions {
  subject: SubjectOptions;
  writes: number;
  sessions: number;
  /** Small pages bring automatic checkpoints into a short run; otherwise the run begins with no directory at all. */
  smallPages: boolean;
  fault?: Pick<Fault, 'calls' | 'at' | 'action' | 'error' | 'hit'>;
}

export type State = 'all' | 'none' | Random;

export class LoggedRun {
  private constructor(
    private readonly workshop: Workshop,
    private readonly options: LoggedRunOptions,
    /** What was on the disk before. */
    private readonly disk: Disk,
    private readonly log: Buffer,
    /** Where the store is, below what is logged. */
    private readonly store: string,
    private readonly ended: Ended,
  ) {}

  static async make(workshop: Workshop, faultfs: string, options: LoggedRunOptions): Promise<LoggedRun> {
    const { subject, writes, sessions, smallPages, fault } = options;
    const directory = workshop.directory();
    const log = join(workshop.directory(), 'log');
    const journal = join(directory, 'acknowledged');
    const disk = new Disk();
    // The library makes the directories that are missing, and their names must be durable too. The bare program has not heard of that.
    const store = subject.kind === 'library' && !smallPages ? join('made', 'store') : 'store';
    if (store === 'store') {
      mkdirSync(join(directory, store));
      disk.hold(store, 'directory');
    }
    if (smallPages) {
      await makeSmallPaged(join(directory, store));
      const file = join(store, 'database.db');
      disk.hold(file, readFileSync(join(directory, file)));
    }
    const ended = await workshop.run(
      'workload',
      { directory: join(directory, store), subject, writes, sessions, end: 'stop', journal },
      { environment: environmentOf(faultfs, { ...fault, directory, log }) },
    );
    const run = new LoggedRun(workshop, options, disk, readFileSync(log), store, ended);
    workshop.discard(directory);
    return run;
  }

  /**
   * Goes through the log once and judges the states that `statesAt` asks for behind a step. A relaxed subject may lose the end of what it
   * acknowledged, but nothing before the end.
   */
  async judge(
    tally: Tally,
    relaxed: boolean,
    statesAt: (disk: Disk, record: LogRecord, step: number) => readonly State[],
    name: string,
  ): Promise<void> {
    const { disk, options, store } = this;
    const said = new Journal(new History(), options.writes);
    const place = fastDirectory(this.workshop);
    let step = 0;
    for (const record of recordsOf(this.log)) {
      if (record.path === 'acknowledged') {
        for (const line of record.data.toString().split('\n')) if (line !== '') said.read(line);
        continue;
      }
      disk.apply(record);
      for (const state of statesAt(disk, record, ++step)) {
        rmSync(place, { recursive: true, force: true });
        mkdirSync(place);
        disk.writeTo(place, state);
        tally.points++;
        const part = typeof state === 'string' ? state : 'a part';
        const where = `${name}, step ${step} (${record.kind} ${record.path}), ${part} of the unsynced`;
        const at = join(place, store);
        try {
          const rows = options.subject.kind === 'library' ? await rowsReopened(at, said.history) : await rowsIn(at);
          tally.add(said.judge(rows, relaxed), where);
        } catch (error) {
          tally.findings.push(`${where}: ${String(error)}`);
        }
      }
    }
    rmSync(place, { recursive: true, force: true });
    judgeEnd(tally, this.ended, said, name);
  }

  /** Whether anything was acknowledged after the database itself had been written: a checkpoint in the midst of the work. */
  get checkpointed(): boolean {
    let written = false;
    for (const { path, kind, data } of recordsOf(this.log)) {
      written ||= kind === 'write' && path.endsWith('database.db');
      if (written && path === 'acknowledged' && data.length > 0) return true;
    }
    return false;
  }
}

/** In memory where the system has such a place: thousands of states need no real disk. */
function fastDirectory(workshop: Workshop): string {
  return existsSync('/dev/shm') ? join('/dev/shm', `ave-faults-${process.pid}-${Math.random()}`) : workshop.directory();
}
