/** Ten thousand actors in churn: after a kill the store holds exactly what was acknowledged. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChurnOptions } from '../process/churn';
import { differences, type Rows } from '../history';
import { rowsIn } from '../inspect';
import type { Workshop } from '../processes';
import { Tally } from '../tally';

export async function churns(
  workshop: Workshop,
  options: Omit<ChurnOptions, 'directory' | 'expected'>,
): Promise<Tally> {
  const tally = new Tally();
  const directory = join(workshop.directory(), 'store');
  const expected = join(workshop.directory(), 'expected');
  const ended = await workshop.run('churn', { ...options, directory, expected });
  tally.points = options.operations;
  for (const line of ended.lines) {
    const [word, count] = line.split(' ');
    if (word === 'issued') tally.acknowledged = Number(count);
    else if (word === 'left') tally.hung += Number(count);
    else tally.findings.push(`seed ${options.seed}: ${line}`);
  }
  if (ended.hung) tally.hung++;
  if (!existsSync(expected)) {
    tally.findings.push(`seed ${options.seed}: no end: ${ended.stderr}`);
    return tally;
  }
  const should: Rows = new Map(JSON.parse(readFileSync(expected, 'utf8')) as [string, string][]);
  const rows = await rowsIn(directory);
  tally.lost = [...should].filter(([row, value]) => rows.get(row) !== value).length;
  tally.half = differences(rows, should) - tally.lost;
  return tally;
}
