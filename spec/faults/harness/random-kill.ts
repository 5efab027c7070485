/** Random kill -9: a process is killed at a random moment of its writing or its opening, and the store is opened again. */
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import { seeded } from '../random';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

/** More than anybody can write before the kill. */
const WRITES = 4000;

export interface RandomKill {
  kills: number;
  seed: number;
  subject: (turn: number) => SubjectOptions;
}

export async function randomKill(workshop: Workshop, { kills, seed, subject }: RandomKill): Promise<Tally> {
  const tally = new Tally();
  const random = seeded(seed);
  const history = new History();
  let working = 0;
  await forEach(Array(kills).keys(), 2, async (turn) => {
    const directory = workshop.directory();
    const journal = new Journal(history, WRITES);
    const options = { directory, subject: subject(turn), writes: WRITES, sessions: 1, end: 'kill' } as const;
    // Most are killed while they write, some while they open or even earlier.
    const early = random.below(5) === 0;
    const patience = random.below(250);
    const killLater = (kill: () => void): void => {
      AbortSignal.timeout(patience).addEventListener('abort', kill);
    };
    const ended = await workshop.run('workload', options, {
      ...(early && { onStart: killLater }),
      onLine(line, kill) {
        journal.read(line);
        if (line === 'open' && !early) killLater(kill);
      },
    });
    tally.points++;
    if (journal.outcomes.includes('acknowledged')) working++;
    await judgeEnded(tally, ended, journal, options, `seed ${seed}, kill ${turn} after ${patience} ms`);
    workshop.discard(directory);
  });
  if (2 * working < kills) tally.findings.push(`only ${working} of ${kills} processes had acknowledged anything`);
  return tally;
}
