/** Power cut: what a disk could hold at the steps of a run, rebuilt from the log of what was written and synced, and opened. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, recordsOf } from '../disk';
import { environmentOf } from '../faultfs';
import { History } from '../history';
import { rowsIn, rowsReopened } from '../inspect';
import { Journal } from '../journal';
import type { Workshop } from '../processes';
import { seeded } from '../random';
import { makeSmallPaged, type SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export interface PowerCut {
  subject: SubjectOptions;
  /** A relaxed subject may lose the end of what it acknowledged, but nothing before the end. */
  relaxed: boolean;
  writes: number;
  sessions: number;
  /** Small pages bring automatic checkpoints into a short run; otherwise the run begins with no directory at all. */
  smallPages: boolean;
  /** Every so manieth step is cut at. */
  stride: number;
  /** Random states of every step, beside all and nothing of what was not synced. */
  random: number;
  seed: number;
}

export async function powerCut(workshop: Workshop, faultfs: string, cut: PowerCut): Promise<Tally> {
  const { subject, relaxed, writes, sessions, smallPages, stride, seed } = cut;
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
  const options = { directory: join(directory, store), subject, writes, sessions, end: 'stop', journal } as const;
  const ended = await workshop.run('workload', options, { environment: environmentOf(faultfs, { directory, log }) });
  if (ended.code !== 0) throw new Error(`the logged run failed: ${ended.stderr}`);

  const tally = new Tally();
  const said = new Journal(new History(), writes);
  const random = seeded(seed);
  const place = fastDirectory(workshop);
  let step = 0;
  let written = false;
  let checkpointed = false;
  for (const record of recordsOf(readFileSync(log))) {
    if (record.path === 'acknowledged') {
      for (const line of record.data.toString().split('\n')) if (line !== '') said.read(line);
      if (written && record.data.length > 0) checkpointed = true;
      continue;
    }
    disk.apply(record);
    written ||= record.kind === 'write' && record.path.endsWith('database.db');
    if (step++ % stride > 0) continue;
    const states = disk.settled
      ? (['all'] as const)
      : (['all', 'none', ...Array<typeof random>(cut.random).fill(random)] as const);
    for (const state of states) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
      disk.writeTo(place, state);
      tally.points++;
      const name = typeof state === 'string' ? state : 'random';
      const where = `seed ${seed}, step ${step} (${record.kind} ${record.path}), ${name} of the unsynced`;
      const at = join(place, store);
      try {
        const judgement = said.judge(
          subject.kind === 'library' ? await rowsReopened(at, said.history) : await rowsIn(at),
        );
        tally.add(relaxed ? { ...judgement, lost: 0 } : judgement, where);
      } catch (error) {
        tally.findings.push(`${where}: ${String(error)}`);
      }
    }
  }
  rmSync(place, { recursive: true, force: true });
  if (smallPages && !checkpointed) throw new Error('the run was too short for an automatic checkpoint');
  return tally;
}

/** In memory where the system has such a place: thousands of states need no real disk. */
function fastDirectory(workshop: Workshop): string {
  return existsSync('/dev/shm') ? join('/dev/shm', `ave-faults-${process.pid}-${Math.random()}`) : workshop.directory();
}
