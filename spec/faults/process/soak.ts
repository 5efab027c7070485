/** The process of the soak: mixed load for a given time, and what it takes of memory, descriptors and disk. */
import { openSync, rmSync, statSync, writeSync } from 'node:fs';
import { SqliteManager, type BatchOperation, type SqliteCollection, type SqliteState } from '../../../lib/index';
import { EVENTS, SNAPSHOTS } from '../history';
import { bytes, seeded } from '../random';
import { openDescriptors } from './storm';

export interface SoakOptions {
  directory: string;
  seconds: number;
  samples: number;
  seed: number;
  /** What it does not give back: the control. */
  leak?: Leak;
}

export type Leak = 'buffers' | 'objects' | 'descriptors' | 'view';

export interface Sample {
  seconds: number;
  operations: number;
  rss: number;
  heap: number;
  descriptors: number;
  /** The largest since the sample before. */
  wal: number;
  database: number;
}

const ACTORS = 200;
const LEAKS_PER_SECOND = 20;
const leakOne: Record<Exclude<Leak, 'view'>, (manager: SqliteManager) => unknown> = {
  buffers: () => Buffer.alloc(500_000, 1),
  objects: () => Array.from({ length: 10_000 }, (_, at) => ({ at })),
  descriptors: ({ path }) => openSync(`${path}.leaked`, 'a'),
};
/** So many events of an actor are kept: the file must stop growing. */
const KEPT = 50;

interface Actor {
  events: SqliteCollection;
  snapshot: SqliteState;
  next: number;
}

export async function soak({ directory, seconds, samples, seed, leak }: SoakOptions): Promise<void> {
  const random = seeded(seed);
  const manager = await SqliteManager.open(directory, { durability: false, spec: 'nano' });
  const actors: Actor[] = [];
  for (let index = 0; index < ACTORS; index++) {
    actors.push({ ...(await makeHandles(manager, index)), next: 1 });
  }
  const leaked: unknown[] = [];
  if (leak === 'view') {
    await actors[0]!.events.put(keyOf(0), Buffer.of(0));
    const view = actors[0]!.events.iter({ consistent: true })[Symbol.asyncIterator]();
    await view.next();
    leaked.push(view);
  }

  let operations = 0;
  let wal = 0;
  const cycle = async (): Promise<void> => {
    const index = random.below(ACTORS);
    const actor = actors[index]!;
    const { events, snapshot } = actor;
    const key = keyOf(actor.next++);
    const data = bytes(actor.next, 50 + random.below(2000));
    const batch: BatchOperation[] = [
      { type: 'insert', target: events, key, data },
      { type: 'put', target: snapshot, data: data.subarray(0, 50) },
      { type: 'delRange', target: events, end: keyOf(Math.max(0, actor.next - KEPT)) },
    ];
    await manager.writeBatch(batch);
    wal = Math.max(wal, statSync(`${manager.path}-wal`).size);
    // As fast on a busy machine as on an idle one.
    while (leak !== undefined && leak !== 'view' && leaked.length < LEAKS_PER_SECOND * elapsed()) {
      leaked.push(leakOne[leak](manager));
    }
    await Promise.all([
      snapshot.find(),
      events.last(),
      events.getByRange(undefined, -5),
      events.getMany([key, 'nothing']),
    ]);
    operations += 5;
    if (random.below(50) === 0) await scan(events);
    if (random.below(50) === 0) await fail(events);
    // Actors come and go: what a handle costs must be given back.
    if (random.below(20) === 0) {
      await events.purge();
      Object.assign(actor, await makeHandles(manager, index));
    }
  };

  /** To its end, left early or aborted. */
  const scan = async (events: SqliteCollection): Promise<void> => {
    const abort = new AbortController();
    const options = { consistent: random.below(4) === 0, reverse: true, signal: abort.signal };
    try {
      for await (const entry of events.iter(options)) {
        operations += entry.length - 1;
        if (random.below(60) === 0) break;
        if (random.below(60) === 0) abort.abort();
      }
    } catch (error) {
      // More than four at once are refused.
      if (!abort.signal.aborted && (error as { operation?: string }).operation !== 'read_view_limit') throw error;
    }
  };

  /** What is refused must leave nothing behind either. */
  const fail = async (events: SqliteCollection): Promise<void> => {
    const nothing = events.del('nothing');
    const batch = manager.writeBatch([
      { type: 'put', target: events, key: 'half', data: Buffer.alloc(1000) },
      { type: 'del', target: events, key: 'nothing' },
    ]);
    const wrong = events.put('wrong', 'text' as unknown as Uint8Array);
    const outcomes = await Promise.allSettled([nothing, batch, wrong]);
    operations += outcomes.length;
    if (outcomes.some(({ status }) => status === 'fulfilled')) throw new Error('what should fail succeeded');
  };

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  for (let sample = 1; sample <= samples; sample++) {
    const until = (seconds * sample) / samples;
    // Sixteen actors at a time: their writes share commits, and readers come and go while the WAL grows.
    const lane = async (): Promise<void> => {
      while (elapsed() < until) await cycle();
    };
    const copy = `${directory}-copy-${sample}.db`;
    await Promise.all([...Array.from({ length: 16 }, lane), manager.backup(copy)]);
    rmSync(copy);
    say({
      seconds: elapsed(),
      operations,
      rss: process.memoryUsage.rss(),
      heap: process.memoryUsage().heapUsed,
      descriptors: openDescriptors(),
      wal,
      database: statSync(manager.path).size,
    });
    wal = 0;
  }
  await manager.stop();
}

async function makeHandles(manager: SqliteManager, index: number): Promise<Omit<Actor, 'next'>> {
  const events = await manager.createCollection(EVENTS, `actor-${index}`);
  return { events, snapshot: await manager.createState(SNAPSHOTS, `actor-${index}`) };
}

function keyOf(ordinal: number): string {
  return String(ordinal).padStart(9, '0');
}

function say(sample: Sample): void {
  writeSync(1, `${JSON.stringify(sample)}\n`);
}
