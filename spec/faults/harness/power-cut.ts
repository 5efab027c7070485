/** Power cut: what a disk could hold at the steps of a run, rebuilt from the log of what was written and synced, and opened. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LoggedRun, type LoggedRunOptions } from '../logged-run';
import type { Workshop } from '../processes';
import { seeded } from '../random';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export interface PowerCut extends Omit<LoggedRunOptions, 'fault'> {
  /** A relaxed subject may lose the end of what it acknowledged, but nothing before the end. */
  relaxed: boolean;
  /** Every so manieth step is cut at. */
  stride: number;
  /** Random states of every step, beside all and nothing of what was not synced. */
  random: number;
  seed: number;
}

export async function powerCut(workshop: Workshop, faultfs: string, cut: PowerCut): Promise<Tally> {
  const tally = new Tally();
  const random = seeded(cut.seed);
  const unsettled = ['all', 'none', ...Array<typeof random>(cut.random).fill(random)] as const;
  const run = await LoggedRun.make(workshop, faultfs, cut);
  if (cut.smallPages && !run.checkpointed) throw new Error('the run was too short for an automatic checkpoint');
  await run.judge(
    tally,
    cut.relaxed,
    (disk, _, step) => (step % cut.stride > 0 ? [] : disk.settled ? ['all'] : unsettled),
    `seed ${cut.seed}`,
  );
  return tally;
}

export interface FailedSync {
  subject: SubjectOptions;
  writes: number;
  sessions: number;
  /** Every so manieth sync fails. */
  stride: number;
}

/**
 * A sync fails, and the power is cut at some later sync: what the failed one should have written is lost for good, although the process goes on
 * reading it.
 */
export async function failedSync(workshop: Workshop, faultfs: string, options: FailedSync): Promise<Tally> {
  const tally = new Tally();
  for (let at = 1; ; at += options.stride) {
    const hit = join(workshop.directory(), 'hit');
    const fault = { calls: ['sync'], at, action: 'fail-once', error: 'EIO', hit } as const;
    const run = await LoggedRun.make(workshop, faultfs, { ...options, smallPages: false, fault });
    if (!existsSync(hit)) return tally;
    let failed = false;
    await run.judge(
      tally,
      false,
      (_, { kind }) => {
        failed ||= kind === 'loss';
        return failed && (kind === 'sync' || kind === 'loss') ? ['none', 'all'] : [];
      },
      `sync ${at} failed`,
    );
  }
}
