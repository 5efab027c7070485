/** Held lock: writes that waited in vain are not there, and those after them are. */
import { join } from 'node:path';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

const SQLITE_BUSY = 5;

export async function heldLocks(
  workshop: Workshop,
  subject: SubjectOptions,
  bursts: readonly number[],
): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  // They do nothing but wait: all at once.
  await forEach(bursts, bursts.length, async (burst) => {
    const directory = join(workshop.directory(), 'store');
    const journal = new Journal(history, 8 + burst + 17);
    const where = `${burst} writes at once`;
    const ended = await workshop.run(
      'heldLock',
      { directory, subject, burst },
      { onLine: (line) => journal.read(line) },
    );
    tally.points++;
    for (const remark of journal.remarks) {
      const busy = remark.startsWith('no ') && (Number(remark.split(' ')[3]) & 0xff) === SQLITE_BUSY;
      if (!busy) tally.findings.push(`${where}: ${remark}`);
    }
    await judgeEnded(tally, ended, journal, { directory, subject }, where);
  });
  return tally;
}
