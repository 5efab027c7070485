/** I/O error at N: the Nth call fails, once or from then on, one place after another. The process lives and has to say the truth. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, type Call, type Fault } from '../faultfs';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import { makeSmallPaged, type SubjectOptions } from '../subjects';
import { Tally } from '../tally';

export type FailingCalls = Pick<Fault, 'action' | 'error' | 'withoutMapping'> & { calls: readonly Call[] };

export const FAILING: readonly FailingCalls[] = [
  { calls: ['write'], action: 'fail-once', error: 'EIO' },
  { calls: ['write'], action: 'fail-torn', error: 'EIO' },
  { calls: ['write'], action: 'fail-once', error: 'ENOSPC' },
  { calls: ['sync'], action: 'fail-once', error: 'EIO' },
  { calls: ['write', 'sync'], action: 'fail-thrice', error: 'EIO' },
  { calls: ['truncate', 'unlink', 'mkdir'], action: 'fail-once', error: 'EIO' },
  { calls: ['write', 'sync', 'truncate'], action: 'fail-on', error: 'EIO' },
  { calls: ['write'], action: 'fail-on', error: 'ENOSPC' },
  { calls: ['read'], action: 'fail-once', error: 'EIO', withoutMapping: true },
  { calls: ['read'], action: 'fail-on', error: 'EIO', withoutMapping: true },
  { calls: ['map'], action: 'fail-once', error: 'ENOMEM' },
  { calls: ['open'], action: 'fail-once', error: 'EMFILE' },
  { calls: ['open'], action: 'fail-on', error: 'EMFILE' },
];

/** What can leave a commit on the disk that nobody sees. */
export const GHOSTLY: readonly FailingCalls[] = FAILING.filter(
  ({ calls, action }) => action !== 'fail-on' && (calls.includes('sync') || calls.includes('write')),
);

/** What a checkpoint does to the database. */
export const CHECKPOINTING: readonly FailingCalls[] = [
  { calls: ['write', 'sync', 'truncate'], action: 'fail-once', error: 'EIO' },
  { calls: ['write', 'sync', 'truncate'], action: 'fail-on', error: 'EIO' },
];

export interface IoError {
  subject: SubjectOptions;
  writes: number;
  sessions: number;
  failing: readonly FailingCalls[];
  /** Every so manieth call is a place. */
  stride: number;
  /** Behind the first write of unknown outcome comes one that changes nothing, then a look and a kill. */
  fences?: boolean;
  /** Only what the automatic checkpoints of a run do to the database fails; small pages bring them into a short run. */
  checkpoints?: boolean;
}

export async function ioError(workshop: Workshop, faultfs: string, error: IoError): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  const { subject, writes, sessions, stride, fences = false, checkpoints = false } = error;
  let fenced = 0;
  for (const failing of error.failing) {
    const points = tally.points;
    let named = 0;
    let reached = true;
    function* places(): Generator<number> {
      for (let at = 1; reached; at += stride) yield at;
    }
    await forEach(places(), 2, async (at) => {
      const directory = workshop.directory();
      const hit = join(workshop.directory(), 'hit');
      const file = checkpoints ? 'database.db' : undefined;
      const environment = environmentOf(faultfs, { directory, file, at, hit, ...failing });
      // Half of the processes crash at the end: what they showed must outlive that as well.
      const end = at % 2 === 0 ? 'stop' : 'kill';
      const options = { directory: join(directory, 'store'), subject, writes, sessions, end, fences } as const;
      if (checkpoints) await makeSmallPaged(options.directory);
      const journal = new Journal(history, writes);
      const ended = await workshop.run('workload', options, { environment, onLine: (line) => journal.read(line) });
      if (!existsSync(hit)) {
        reached = false;
        return;
      }
      tally.points++;
      const where = `${failing.action ?? ''} ${failing.error ?? ''} ${readFileSync(hit, 'utf8').trim()}, end by ${end}`;
      await judgeEnded(tally, ended, journal, options, where);
      if (journal.remarks.includes('fenced')) fenced++;
      if (failing.error === 'EMFILE' && failing.action === 'fail-on') {
        const refused = journal.remarks.filter((remark) => /^open-failed CREATE_STORE \d/.test(remark));
        named += refused.length;
        for (const remark of refused) {
          if (!remark.includes('too many open files')) tally.findings.push(`${where}: does not say why: ${remark}`);
        }
      }
      workshop.discard(directory);
    });
    if (tally.points === points) tally.findings.push(`${failing.calls.join(', ')}: there was no such call`);
    if (failing.error === 'EMFILE' && failing.action === 'fail-on' && named === 0) {
      tally.findings.push('no open said that there are too many open files');
    }
  }
  if (fences && fenced === 0)
    tally.findings.push('no write of unknown outcome was followed by one that changed nothing');
  return tally;
}
