/**
 * A number of minutes: `npm run test:soak -- --minutes 10`. Random operations are compared with a model, and beside them a process under mixed load
 * shows what it takes of memory, descriptors and disk: the table at the end. A failure of the first prints a seed and a path; with `--seed` and `--path`
 * it runs again, alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soaks, soakTable } from '../faults/harness/soak';
import { Workshop } from '../faults/processes';
import { RandomPrograms, reportOf } from './property';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, path: { type: 'string' } },
});
const minutes = Number(values.minutes);
const firstSeed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run test:soak -- [--minutes N] [--seed N [--path P]]');
  process.exit(2);
}

const PROGRAMS_PER_SEED = 20;
const directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'));
const programs = new RandomPrograms(directory);
const workshop = new Workshop();
const soaking = values.path === undefined ? soaks(workshop, { seconds: 60 * minutes, seed: firstSeed }) : undefined;
const started = performance.now();
const end = started + minutes * 60_000;
let seed = firstSeed - 1;
let ran = 0;
try {
  do {
    const result = await programs.check({
      seed: ++seed,
      numRuns: PROGRAMS_PER_SEED,
      ...(values.path !== undefined && { path: values.path }),
    });
    ran += result.numRuns;
    if (result.failed) {
      console.error(reportOf(result));
      process.exitCode = 1;
      break;
    }
  } while (performance.now() < end && values.path === undefined);
  if (soaking !== undefined) {
    const { tally, samples } = await soaking;
    console.log(`${soakTable(samples)}\n`);
    for (const finding of tally.findings) console.error(finding);
    if (!tally.clean) process.exitCode = 1;
  }
} finally {
  workshop.dispose();
  rmSync(directory, { recursive: true, force: true });
}
const elapsed = ((performance.now() - started) / 60_000).toFixed(1);
console.log(
  `${programs.compared} outcomes of ${ran} programs compared in ${elapsed} minutes, seeds ${firstSeed} to ${seed}`,
);
