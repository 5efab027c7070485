/** Power cut: everything that a disk could hold at every step of a run, rebuilt from the log of what was written and synced, and opened. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, recordsOf } from './disk';
import { environmentOf } from './faultfs';
import { History } from './history';
import { rowsIn } from './inspect';
import { Journal } from './journal';
import type { Workshop } from './processes';
import { seeded } from './random';
import type { SubjectOptions } from './subjects';
import { Tally } from './tally';

export interface PowerCut {
  subject: SubjectOptions;
  writes: number;
  sessions: number;
  /** Random states of every step, beside all and nothing of what was not synced. */
  random: number;
  seed: number;
}

/** Runs the subject and judges every state. A relaxed subject may lose the end of what it acknowledged, but nothing before the end. */
export async function powerCut(workshop: Workshop, faultfs: string, cut: PowerCut, relaxed: boolean): Promise<Tally> {
  const tally = new Tally();
  const directory = workshop.directory();
  const log = join(workshop.directory(), 'log');
  const journal = join(directory, 'acknowledged');
  const { subject, writes, sessions } = cut;
  // The library makes the directories that are missing, and their names must be durable too. The bare program has not heard of that.
  const store = subject.kind === 'library' ? join('made', 'store') : '';
  const ended = await workshop.run(
    'workload',
    { directory: join(directory, store), subject, writes, sessions, end: 'stop', journal },
    { environment: environmentOf(faultfs, { directory, log }) },
  );
  if (ended.code !== 0) throw new Error(`the logged run failed: ${ended.stderr}`);

  const disk = new Disk();
  const said = new Journal(new History(), writes);
  const place = fastDirectory(workshop);
  const random = seeded(cut.seed);
  let step = 0;
  for (const record of recordsOf(readFileSync(log))) {
    if (record.path === 'acknowledged') {
      for (const line of record.data.toString().split('\n')) if (line !== '') said.read(line);
      continue;
    }
    disk.apply(record);
    step++;
    const states = disk.settled
      ? ['all' as const]
      : ['all' as const, 'none' as const, ...Array<typeof random>(cut.random).fill(random)];
    for (const state of states) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
      disk.writeTo(place, state);
      tally.points++;
      const where = `seed ${cut.seed}, step ${step} (${record.kind} ${record.path}), ${typeof state === 'string' ? state : 'random'}`;
      try {
        const judgement = said.judge(await rowsIn(join(place, store)));
        if (relaxed) judgement.lost = 0;
        tally.add(judgement, where);
      } catch (error) {
        tally.findings.push(`${where}: ${String(error)}`);
      }
    }
  }
  rmSync(place, { recursive: true, force: true });
  return tally;
}

/** In memory where the system has such a place: thousands of states need no real disk. */
function fastDirectory(workshop: Workshop): string {
  return existsSync('/dev/shm') ? join('/dev/shm', `ave-faults-${process.pid}-${Math.random()}`) : workshop.directory();
}
