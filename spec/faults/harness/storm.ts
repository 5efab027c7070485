/** Open/stop storm: nothing is lost, nothing hangs, no descriptor stays behind. */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import type { Workshop } from '../processes';
import { WRITES_PER_CYCLE } from '../process/storm';
import { Tally } from '../tally';

export async function storms(workshop: Workshop, cycles: number, leaks: boolean): Promise<Tally> {
  const tally = new Tally();
  const directory = workshop.directory();
  // A quarter of the cycles write, and so does one before they are counted.
  const journal = new Journal(new History(), WRITES_PER_CYCLE * (1 + Math.ceil(cycles / 4)));
  const ended = await workshop.run('storm', { directory, cycles, leaks }, { onLine: (line) => journal.read(line) });
  tally.points = cycles;
  for (const remark of journal.remarks) if (remark !== 'end') tally.findings.push(remark);
  const subject = { kind: 'library', durability: false } as const;
  await judgeEnded(tally, ended, journal, { directory: join(directory, 'store'), subject }, 'the storm');
  return tally;
}
