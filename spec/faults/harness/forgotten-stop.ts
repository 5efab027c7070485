/** Forgotten stop: the process ends by itself, and nothing that was acknowledged is lost. */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import type { Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

const WRITES = 100;

export async function forgottenStop(workshop: Workshop, subjects: readonly SubjectOptions[]): Promise<Tally> {
  const tally = new Tally();
  for (const subject of subjects) {
    const directory = join(workshop.directory(), 'store');
    const journal = new Journal(new History(), WRITES);
    const options = { directory, subject, writes: WRITES, sessions: 1, end: 'forget' } as const;
    const ended = await workshop.run('workload', options, { onLine: (line) => journal.read(line) });
    tally.points++;
    if (!journal.remarks.includes('end')) tally.findings.push('the process did not come to its end');
    await judgeEnded(tally, ended, journal, options, 'a forgotten stop');
  }
  return tally;
}
