/** Backup: at whichever of its calls it is killed or fails, there is a whole copy or none. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, recordsOf } from '../disk';
import { environmentOf, type Call, type Fault } from '../faultfs';
import { History, type Outcome } from '../history';
import { judgeEnd, judgeEnded, rowsIn } from '../inspect';
import { Journal } from '../journal';
import { WRITES } from '../process/backup';
import { forEach, type Workshop } from '../processes';
import { seeded } from '../random';
import { Tally } from '../tally';

const CALLS: readonly Call[] = ['write', 'sync', 'truncate', 'unlink', 'link'];
export const BACKUP_ACTIONS: readonly (Pick<Fault, 'action' | 'error'> & { calls: readonly Call[] })[] = [
  { calls: CALLS, action: 'kill-before' },
  { calls: CALLS, action: 'kill-middle' },
  { calls: CALLS, action: 'fail-once', error: 'EIO' },
  { calls: ['write', 'sync', 'link'], action: 'fail-on', error: 'ENOSPC' },
];

export interface Backup {
  actions: typeof BACKUP_ACTIONS;
  /** Every so manieth call of a backup is struck. */
  stride: number;
}

export async function backups(workshop: Workshop, faultfs: string, { actions, stride }: Backup): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  const subject = { kind: 'library', durability: true } as const;
  for (const { calls, action, error } of actions) {
    let reached = true;
    function* places(): Generator<number> {
      for (let at = 1; reached; at += stride) yield at;
    }
    await forEach(places(), 2, async (at) => {
      const directory = join(workshop.directory(), 'store');
      const copies = join(workshop.directory());
      const hit = join(workshop.directory(), 'hit');
      // Found by the name of every store.
      const target = join(copies, 'database.db');
      const journal = new Journal(history, WRITES.before + WRITES.beside);
      let before: Outcome[] = [];
      const ended = await workshop.run(
        'backup',
        { directory, target, careless: false },
        {
          environment: environmentOf(faultfs, { directory: copies, calls, at, action, error, hit }),
          onLine(line) {
            journal.read(line);
            if (line === 'written') before = [...journal.outcomes];
          },
        },
      );
      if (!existsSync(hit)) {
        reached = false;
        return;
      }
      tally.points++;
      const where = `${action ?? ''} ${error ?? ''} ${readFileSync(hit, 'utf8').trim()}`;
      const copied = journal.remarks.filter((remark) => remark === 'copied').length;
      const refused = journal.remarks.filter((remark) => remark.startsWith('not-copied STORE')).length;
      const strange = journal.remarks.filter((remark) => !/^(written|copied|not-copied STORE .*)$/.test(remark));
      tally.findings.push(...strange.map((remark) => `${where}: ${remark}`));
      if (copied > 1) tally.findings.push(`${where}: overwrote a copy`);
      if (copied === 1 && !existsSync(target)) tally.findings.push(`${where}: said that it copied`);
      if (refused === 2 && existsSync(target)) tally.findings.push(`${where}: said that it did not copy`);
      const left = readdirSync(copies).filter((name) => name !== 'database.db');
      const removable = !calls.includes('unlink');
      if (ended.signal === null && left.length > 0 && removable)
        tally.findings.push(`${where}: left ${left.join(', ')}`);
      if (existsSync(target)) {
        try {
          const { lost, half, holes } = history.judge(await rowsIn(copies), before);
          tally.add({ acknowledged: WRITES.before, lost, half, holes, ghosts: 0 }, `${where}, in the copy`);
        } catch (damage) {
          tally.findings.push(`${where}: the copy is damaged: ${String(damage)}`);
        }
      }
      await judgeEnded(tally, ended, journal, { directory, subject }, where);
      for (const done of [directory, copies]) workshop.discard(done);
    });
  }
  return tally;
}

/**
 * The power is cut at a step of a backup: the copy is whole or not there, and once the backup has resolved it is there, whatever of the rest was not
 * synced.
 */
export async function backupPowerCut(workshop: Workshop, faultfs: string, seed: number): Promise<Tally> {
  const tally = new Tally();
  const random = seeded(seed);
  const directory = workshop.directory();
  const log = join(workshop.directory(), 'log');
  mkdirSync(join(directory, 'copies'));
  const disk = new Disk();
  disk.hold('copies', 'directory');
  const target = join('copies', 'database.db');
  const options = { directory: join(directory, 'store'), target: join(directory, target), careless: false };
  const ended = await workshop.run(
    'backup',
    { ...options, journal: join(directory, 'acknowledged') },
    { environment: environmentOf(faultfs, { directory, log }) },
  );
  const journal = new Journal(new History(), WRITES.before + WRITES.beside);
  const place = workshop.directory();
  let before: Outcome[] = [];
  let step = 0;
  for (const record of recordsOf(readFileSync(log))) {
    if (record.path === 'acknowledged') {
      for (const line of record.data.toString().split('\n')) {
        if (line !== '') journal.read(line);
        if (line === 'written') before = [...journal.outcomes];
      }
    } else disk.apply(record);
    const copied = journal.remarks.includes('copied');
    if (!record.path.startsWith('copies') && !copied) continue;
    step++;
    for (const state of ['none', 'all', random] as const) {
      workshop.discard(place);
      mkdirSync(place);
      disk.writeTo(place, state);
      const where = `seed ${seed}, step ${step} of a backup (${record.kind} ${record.path})`;
      if (!existsSync(join(place, target))) {
        if (copied) tally.findings.push(`${where}: the copy is gone`);
        continue;
      }
      tally.points++;
      try {
        const { lost, half, holes } = journal.history.judge(await rowsIn(join(place, 'copies')), before);
        tally.add({ acknowledged: WRITES.before, lost, half, holes, ghosts: 0 }, `${where}, in the copy`);
      } catch (damage) {
        tally.findings.push(`${where}: the copy is damaged: ${String(damage)}`);
      }
    }
  }
  judgeEnd(tally, ended, journal, 'the backup');
  if (tally.points === 0) tally.findings.push('no step had a copy');
  return tally;
}

/** The copy of a store by other means, and what it lacks. */
export async function carelessBackup(workshop: Workshop): Promise<Tally> {
  const tally = new Tally();
  const copies = workshop.directory();
  const journal = new Journal(new History(), WRITES.before + WRITES.beside);
  let before: Outcome[] = [];
  await workshop.run(
    'backup',
    { directory: workshop.directory(), target: join(copies, 'database.db'), careless: true },
    {
      onLine(line) {
        journal.read(line);
        if (line === 'written') before = [...journal.outcomes];
      },
    },
  );
  tally.points = 1;
  tally.add(journal.history.judge(await rowsIn(copies), before), 'the copy');
  return tally;
}
