/** Placed kill: a process dies before, in the middle of and after every call that changes a file, one place after another. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, type Call, type Fault } from '../faultfs';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import { makeSmallPaged, type SubjectOptions } from '../subjects';
import { Tally } from '../tally';

const CALLS: readonly Call[] = ['write', 'sync', 'truncate', 'unlink', 'mkdir'];

export interface PlacedKill {
  subject: SubjectOptions;
  writes: number;
  sessions: number;
  /** Small pages bring automatic checkpoints into a short run. */
  smallPages: boolean;
  /** The calls on this file alone are places. */
  file?: string;
  /** Every so manieth call is a place. */
  stride: number;
}

export async function placedKill(workshop: Workshop, faultfs: string, kill: PlacedKill): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  const { subject, writes, sessions, smallPages, file, stride } = kill;

  /** Gives the call that the process died at, or undefined when it came to its end. */
  const die = async (at: number, action: NonNullable<Fault['action']>): Promise<string | undefined> => {
    const directory = workshop.directory();
    const hit = join(workshop.directory(), 'hit');
    const options = { directory: join(directory, 'store'), subject, writes, sessions, end: 'stop' } as const;
    if (smallPages) await makeSmallPaged(options.directory);
    const environment = environmentOf(faultfs, { directory, file, calls: CALLS, at, action, hit });
    const journal = new Journal(history, writes);
    const ended = await workshop.run('workload', options, { environment, onLine: (line) => journal.read(line) });
    if (!existsSync(hit)) return undefined;
    const struck = readFileSync(hit, 'utf8').trim();
    tally.points++;
    await judgeEnded(tally, ended, journal, options, `${action} ${struck}`);
    workshop.discard(directory);
    return struck;
  };

  let reached = true;
  function* places(): Generator<number> {
    for (let at = 1; reached; at += stride) yield at;
  }
  await forEach(places(), 2, async (at) => {
    const struck = await die(at, 'kill-before');
    if (struck === undefined) reached = false;
    else {
      if (struck.includes(' write ')) await die(at, 'kill-middle');
      await die(at, 'kill-after');
    }
  });
  return tally;
}
