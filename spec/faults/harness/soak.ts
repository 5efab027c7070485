/** Soak: under mixed load memory, descriptors and the WAL stay where they are. */
import { join } from 'node:path';
import { forEach, type Workshop } from '../processes';
import type { Leak, Sample } from '../process/soak';
import { table } from '../report';
import { Tally, type Symptom } from '../tally';

const MIB = 2 ** 20;
/** What memory may grow by over the second half of a run, by a straight line through its samples: an allocator's noise. */
const NOISE = { rss: 16 * MIB, heap: 8 * MIB };
/** SQLite closes a file only when no connection of the process holds a lock on it: https://sqlite.org/src/file/src/os_unix.c, "pending close". */
const DESCRIPTOR_NOISE = 4;
/** The smallest machine's limit for what a WAL keeps: https://sqlite.org/pragma.html#pragma_journal_size_limit */
const WAL_BOUND = 32 * MIB;
const SAMPLES = 20;

export interface Soak {
  seconds: number;
  seed: number;
  leak?: Leak;
}

export async function soaks(workshop: Workshop, soak: Soak): Promise<{ tally: Tally; samples: Sample[] }> {
  const tally = new Tally();
  const { seconds } = soak;
  const directory = join(workshop.directory(), 'store');
  const options = { ...soak, directory, samples: SAMPLES };
  const ended = await workshop.run('soak', options, { patienceMs: seconds * 1000 + 90_000 });
  const samples = ended.lines.map((line) => JSON.parse(line) as Sample);
  if (ended.hung) tally.hung++;
  if (ended.code !== 0) tally.findings.push(`ended with ${ended.code ?? ended.signal}: ${ended.stderr.trim()}`);
  if (samples.length < SAMPLES) {
    tally.findings.push(`only ${samples.length} samples`);
    return { tally, samples };
  }
  tally.points = samples.at(-1)!.operations;
  const late = samples.slice(SAMPLES / 2);
  const minutes = (late.at(-1)!.seconds - late[0]!.seconds) / 60;
  for (const what of ['rss', 'heap'] as const) {
    const perMinute = slopePerMinute(late, what);
    if (perMinute * minutes > NOISE[what])
      tally.findings.push(`${what} grew by ${(perMinute / MIB).toFixed(1)} MiB a minute`);
  }
  const early = samples.slice(0, SAMPLES / 2);
  const most = Math.max(...late.map(({ descriptors }) => descriptors));
  const had = Math.max(...early.map(({ descriptors }) => descriptors));
  if (most > had + DESCRIPTOR_NOISE) tally.findings.push(`descriptors grew from ${had} to ${most}`);
  const wal = Math.max(...samples.map((sample) => sample.wal));
  if (wal > WAL_BOUND) tally.findings.push(`the WAL grew to ${(wal / MIB).toFixed(0)} MiB`);
  return { tally, samples };
}

const LEAKS: readonly [Leak, Symptom][] = [
  ['buffers', /^rss grew/],
  ['objects', /^heap grew/],
  ['descriptors', /^descriptors grew/],
  ['view', /^the WAL grew/],
];

/** What the controls, each with a leak of its own, must show. */
export const LEAKS_SHOWN: readonly Symptom[] = LEAKS.map(([, symptom]) => symptom);

/** Each leak in a process of its own, and of what it shows only that which is its own. */
export async function leaks(workshop: Workshop, { seconds, seed }: Soak): Promise<Tally> {
  const tally = new Tally();
  await forEach(LEAKS, 2, async ([leak, symptom]) => {
    const { tally: found } = await soaks(workshop, { seconds, seed, leak });
    tally.points += found.points;
    tally.findings.push(...found.findings.filter((finding) => symptom instanceof RegExp && symptom.test(finding)));
  });
  return tally;
}

/** Of the straight line that is closest to the samples. */
function slopePerMinute(samples: readonly Sample[], what: 'rss' | 'heap'): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [time, size] = [mean(({ seconds }) => seconds), mean((sample) => sample[what])];
  const covariance = mean((sample) => (sample.seconds - time) * (sample[what] - size));
  return (60 * covariance) / mean(({ seconds }) => (seconds - time) ** 2);
}

/** Ten samples of a soak, as text. */
export function soakTable(samples: readonly Sample[]): string {
  const columns = ['seconds', 'operations', 'rss MiB', 'heap MiB', 'descriptors', 'most wal MiB', 'database MiB'];
  const lines = samples
    .filter((_, index) => index % 2 === 1)
    .map(({ seconds, operations, rss, heap, descriptors, wal, database }) => [
      seconds.toFixed(0),
      String(operations),
      (rss / MIB).toFixed(1),
      (heap / MIB).toFixed(1),
      String(descriptors),
      (wal / MIB).toFixed(1),
      (database / MIB).toFixed(1),
    ]);
  return table(columns, lines);
}
