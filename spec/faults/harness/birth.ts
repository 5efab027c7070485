/** Birth of a store: several processes make the same one at the same moment, and all get it. */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import type { Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export interface Birth {
  subject: SubjectOptions;
  /** Stores that are made. */
  stores: number;
  /** By so many processes each. */
  processes: number;
}

const WRITES = 3;

export async function births(workshop: Workshop, { subject, stores, processes }: Birth): Promise<Tally> {
  const tally = new Tally();
  for (let store = 0; store < stores; store++) {
    const directory = join(workshop.directory(), 'store');
    const journals = Array.from({ length: processes }, (_, at) => new Journal(new History(`-${at}`), WRITES));
    const all = journals.map((journal, at) =>
      workshop.run(
        'workload',
        { directory, subject, owner: `-${at}`, writes: WRITES, sessions: 1, end: 'stop' },
        { onLine: (line) => journal.read(line) },
      ),
    );
    for (const [at, ended] of (await Promise.all(all)).entries()) {
      const journal = journals[at]!;
      const errors = journal.remarks.filter((remark) => remark !== 'open' && remark !== 'end');
      tally.points++;
      tally.findings.push(...errors);
      await judgeEnded(tally, ended, journal, { directory, subject }, `store ${store}, process ${at}`);
    }
    workshop.discard(directory);
  }
  return tally;
}
