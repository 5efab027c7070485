/** Damaged file: whatever happened to it, the process lives, every promise settles, and the file is neither deleted nor made anew. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { History } from '../history';
import { rowsIn } from '../inspect';
import { Journal } from '../journal';
import { forEach, type Workshop } from '../processes';
import { seeded, type Random } from '../random';
import { Tally } from '../tally';

const WRITES = 120;

export interface Damage {
  points: number;
  seed: number;
  trusting: boolean;
}

export async function damage(workshop: Workshop, { points, seed, trusting }: Damage): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  const random = seeded(seed);
  const [stopped, killed] = await Promise.all([store(workshop, 'stop'), store(workshop, 'kill')]);
  await forEach(Array(points).keys(), 2, async (point) => {
    const directory = workshop.directory();
    const file = join(directory, 'database.db');
    // Every other one has its latest commits in the write-ahead log, and that is damaged.
    const inLog = point % 2 === 1;
    const { database, wal } = inLog ? killed : stopped;
    const where = `seed ${seed}, damage ${point} to the ${inLog ? 'log' : 'database'}`;
    writeFileSync(file, inLog ? database : hurt(database, random));
    if (inLog) {
      writeFileSync(`${file}-wal`, hurt(wal, random));
      // What is left is an older state, never a mixed one.
      const copy = workshop.directory();
      writeFileSync(join(copy, 'database.db'), database);
      writeFileSync(join(copy, 'database.db-wal'), readFileSync(`${file}-wal`));
      tally.add(history.judge(await rowsIn(copy), Array(WRITES).fill('pending')), where);
    }
    const size = statSync(file).size;
    const ended = await workshop.run('damaged', { directory, trusting });
    tally.points++;
    const left = Number(ended.lines.find((line) => line.startsWith('left '))?.slice(5));
    if (ended.hung || left !== 0) tally.hung++;
    if (ended.code !== 0)
      tally.findings.push(`${where}: ended with ${ended.code ?? ended.signal}: ${ended.stderr.trim()}`);
    const strange = ended.lines.filter((line) => line.startsWith('strange '));
    tally.findings.push(...strange.map((line) => `${where}: ${line}`));
    if (statSync(file).size < Math.min(size, 4096)) tally.findings.push(`${where}: the file is gone`);
  });
  return tally;
}

/** A store that a workload has left. */
async function store(workshop: Workshop, end: 'stop' | 'kill'): Promise<{ database: Buffer; wal: Buffer }> {
  const directory = join(workshop.directory(), 'store');
  const subject = { kind: 'library', durability: false } as const;
  const journal = new Journal(new History(), WRITES);
  const ended = await workshop.run('workload', { directory, subject, writes: WRITES, sessions: 1, end });
  for (const line of ended.lines) journal.read(line);
  const file = join(directory, 'database.db');
  return { database: readFileSync(file), wal: end === 'kill' ? readFileSync(`${file}-wal`) : Buffer.alloc(0) };
}

function hurt(content: Buffer, random: Random): Buffer {
  const hurting = Buffer.from(content);
  const page = 4096 * random.below(Math.ceil(content.length / 4096));
  switch (random.below(5)) {
    case 0:
      for (let byte = 0; byte < 20; byte++) hurting[random.below(content.length)]! ^= 1 + random.below(255);
      return hurting;
    case 1:
      return hurting.fill(0, page, page + 4096);
    case 2:
      return hurting.subarray(0, random.below(content.length));
    case 3:
      return hurting.copyWithin(page, 4096 * random.below(Math.floor(content.length / 4096)));
    default:
      for (let at = page; at < Math.min(page + 4096, content.length); at++) hurting[at] = random.below(256);
      return hurting;
  }
}
