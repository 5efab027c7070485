/** Fuzz: wrong arguments are refused, right ones among them are not, and the store holds what the right ones made. */
import { join } from 'node:path';
import { differences, type Rows } from '../history';
import { rowsIn } from '../inspect';
import type { Workshop } from '../processes';
import { Tally } from '../tally';

export interface Fuzz {
  steps: number;
  seed: number;
  coerces: boolean;
}

export async function fuzzes(workshop: Workshop, { steps, seed, coerces }: Fuzz): Promise<Tally> {
  const tally = new Tally();
  const directory = workshop.directory();
  const ended = await workshop.run('fuzz', { directory, steps, seed, coerces });
  tally.points = steps;
  if (ended.hung) tally.hung++;
  let expected: Rows | undefined;
  for (const line of ended.lines) {
    if (line.startsWith('expected ')) expected = new Map(JSON.parse(line.slice(9)) as [string, string][]);
    else if (line.startsWith('left ')) tally.hung += Number(line.slice(5));
    else tally.findings.push(`seed ${seed}: ${line}`);
  }
  if (ended.code !== 0)
    tally.findings.push(`seed ${seed}: ended with ${ended.code ?? ended.signal}: ${ended.stderr.trim()}`);
  if (expected === undefined) return tally;
  const rows = await rowsIn(join(directory, 'store'));
  tally.lost = [...expected].filter(([row, value]) => rows.get(row) !== value).length;
  tally.half = differences(rows, expected) - tally.lost;
  return tally;
}
