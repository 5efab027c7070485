/** Soak: under mixed load memory, descriptors and the WAL stay where they are. */
import { join } from 'node:path';
import type { Workshop } from '../processes';
import type { Sample } from '../process/soak';
import { table } from '../report';
import { Tally } from '../tally';

const MIB = 2 ** 20;
/** What memory may grow by between the second quarter and the last, on top of a tenth: an allocator's noise. */
const RSS_NOISE = 16 * MIB;
/** SQLite closes a file only when no connection of the process holds a lock on it: https://sqlite.org/src/file/src/os_unix.c, "pending close". */
const DESCRIPTOR_NOISE = 4;
/** The smallest machine's limit for what a WAL keeps: https://sqlite.org/pragma.html#pragma_journal_size_limit */
const WAL_BOUND = 32 * MIB;

export interface Soak {
  seconds: number;
  seed: number;
  leaks: boolean;
}

export async function soaks(
  workshop: Workshop,
  { seconds, seed, leaks }: Soak,
): Promise<{ tally: Tally; samples: Sample[] }> {
  const tally = new Tally();
  const directory = join(workshop.directory(), 'store');
  const options = { directory, seconds, samples: 20, seed, leaks };
  const ended = await workshop.run('soak', options, { patienceMs: seconds * 1000 + 90_000 });
  const samples = ended.lines.map((line) => JSON.parse(line) as Sample);
  if (ended.hung) tally.hung++;
  if (ended.code !== 0) tally.findings.push(`ended with ${ended.code ?? ended.signal}: ${ended.stderr.trim()}`);
  const last = samples.at(-1);
  if (last === undefined) return { tally, samples };
  tally.points = last.operations;
  const quarter = Math.floor(samples.length / 4);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const mean = (of: Sample[], what: keyof Sample): number =>
    of.reduce((sum, sample) => sum + sample[what], 0) / of.length;
  const grown = (what: 'rss' | 'heap'): void => {
    const [before, after] = [mean(early, what), mean(late, what)];
    if (after > before * 1.1 + RSS_NOISE) {
      tally.findings.push(`${what} grew from ${(before / MIB).toFixed(0)} to ${(after / MIB).toFixed(0)} MiB`);
    }
  };
  grown('rss');
  grown('heap');
  const most = Math.max(...late.map(({ descriptors }) => descriptors));
  const had = Math.max(...early.map(({ descriptors }) => descriptors));
  if (most > had + DESCRIPTOR_NOISE) tally.findings.push(`descriptors grew from ${had} to ${most}`);
  const wal = Math.max(...samples.map((sample) => sample.wal));
  if (wal > WAL_BOUND) tally.findings.push(`the WAL grew to ${(wal / MIB).toFixed(0)} MiB`);
  return { tally, samples };
}

/** Ten samples of a soak, as text. */
export function soakTable(samples: readonly Sample[]): string {
  const columns = ['seconds', 'operations', 'rss MiB', 'heap MiB', 'descriptors', 'wal MiB', 'database MiB'];
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
