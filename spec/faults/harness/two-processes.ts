/** Two processes write one store at once, a third opens and stops it in a loop: nobody sees an error, nothing is lost. */
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
}

export async function twoProcesses(
  workshop: Workshop,
  { subject, writes, sessions, visits }: TwoProcesses,
): Promise<Tally> {
  const tally = new Tally();
  const directory = join(workshop.directory(), 'store');
  const visitor = new Journal(new History(), 0);
  const owners = ['-a', '-b'].map((owner) => ({ owner, journal: new Journal(new History(owner), writes) }));
  const [visited, ...wrote] = await Promise.all([
    workshop.run(
      'workload',
      { directory, subject, writes: 0, sessions: visits, end: 'stop' },
      { onLine: (line) => visitor.read(line) },
    ),
    ...owners.map(({ owner, journal }) =>
      workshop.run(
        'workload',
        { directory, subject, owner, writes, sessions, end: 'stop' },
        { onLine: (line) => journal.read(line) },
      ),
    ),
  ]);
  tally.points = visits + 2 * writes;
  for (const { remarks } of [visitor, ...owners.map(({ journal }) => journal)]) {
    const errors = remarks.filter((remark) => remark !== 'open' && remark !== 'end');
    if (errors.length > 0) tally.findings.push(`${errors.length} errors: ${errors[0] ?? ''}`);
  }
  await judgeEnded(tally, visited, visitor, { directory, subject }, 'the visitor');
  for (const [index, { owner, journal }] of owners.entries()) {
    await judgeEnded(tally, wrote[index]!, journal, { directory, subject }, `writer ${owner}`);
  }
  return tally;
}
