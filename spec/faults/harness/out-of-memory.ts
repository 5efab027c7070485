/** Out of memory: one limit after another on what SQLite may take in a process. */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export interface OutOfMemory {
  subject: SubjectOptions;
  /** Limits in KiB, inclusive. */
  from: number;
  to: number;
  step: number;
}

export async function outOfMemory(workshop: Workshop, { subject, from, to, step }: OutOfMemory): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  let short = 0;
  function* limits(): Generator<number> {
    for (let limit = from; limit <= to; limit += step) yield limit;
  }
  await forEach(limits(), 2, async (limit) => {
    const directory = join(workshop.directory(), 'store');
    const options = { directory, subject, writes: 60, sessions: 2, end: 'stop', heap: limit * 1024 } as const;
    const journal = new Journal(history, options.writes);
    const ended = await workshop.run('workload', options, { onLine: (line) => journal.read(line) });
    tally.points++;
    if (journal.remarks.some((remark) => remark.startsWith('no ') || remark.startsWith('unknown '))) short++;
    await judgeEnded(tally, ended, journal, options, `${limit} KiB`);
  });
  if (short === 0) tally.findings.push('no limit made a write fail');
  return tally;
}
