/**
 * Several processes on one store at once: two write it, a third opens and stops it in a loop, others are killed while they write it. Nobody sees an
 * error, nothing is lost.
 */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import type { Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export interface TwoProcesses {
  subject: SubjectOptions;
  writes: number;
  /** Times that each writer opens the store. */
  sessions: number;
  /** Times that the third process opens it. */
  visits: number;
  /** Processes that are killed, one after another. */
  kills: number;
}

export async function twoProcesses(workshop: Workshop, options: TwoProcesses): Promise<Tally> {
  const { subject, writes, sessions, visits, kills } = options;
  const tally = new Tally();
  const directory = join(workshop.directory(), 'store');
  const judgements: (() => Promise<void>)[] = [];
  const run = async (owner: string, count: number, times: number, killAt?: number): Promise<void> => {
    const journal = new Journal(new History(owner), count);
    const ended = await workshop.run(
      'workload',
      { directory, subject, owner, writes: count, sessions: times, end: 'stop' },
      {
        onLine(line, kill) {
          journal.read(line);
          if (line === `ok ${killAt}`) kill();
        },
      },
    );
    tally.points += count + times;
    const errors = journal.remarks.filter((remark) => remark !== 'open' && remark !== 'end');
    if (errors.length > 0) tally.findings.push(`${owner}: ${errors.length} errors: ${errors[0] ?? ''}`);
    judgements.push(() => judgeEnded(tally, ended, journal, { directory, subject }, owner));
  };
  const victims = async (): Promise<void> => {
    for (let victim = 1; victim <= kills; victim++) await run(`-victim-${victim}`, writes, 1, 13 * victim);
  };
  await Promise.all([run('-a', writes, sessions), run('-b', writes, sessions), run('-visitor', 0, visits), victims()]);
  for (const judged of judgements) await judged();
  return tally;
}
