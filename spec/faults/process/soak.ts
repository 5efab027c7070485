/** The process of the soak: mixed load for a given time, and what it takes of memory, descriptors and disk. */
import { statSync, writeSync } from 'node:fs';
import { SqliteManager, type BatchOperation, type SqliteCollection, type SqliteState } from '../../../lib/index';
import { EVENTS, SNAPSHOTS } from '../history';
import { bytes, seeded } from '../random';
import { openDescriptors } from './storm';

export interface SoakOptions {
  directory: string;
  seconds: number;
  samples: number;
  seed: number;
  /** Keeps a part of what it reads, and a consistent iteration open: the control. */
  leaks: boolean;
}

export interface Sample {
  seconds: number;
  operations: number;
  rss: number;
  heap: number;
  descriptors: number;
  wal: number;
  database: number;
}

const ACTORS = 200;
/** So many events of an actor are kept: the file must stop growing. */
const KEPT = 50;

interface Actor {
  events: SqliteCollection;
  snapshot: SqliteState;
  next: number;
}

export async function soak({ directory, seconds, samples, seed, leaks }: SoakOptions): Promise<void> {
  const random = seeded(seed);
  const manager = await SqliteManager.open(directory, { durability: false, spec: 'nano' });
  const actors: Actor[] = [];
  for (let index = 0; index < ACTORS; index++) {
    actors.push({ ...(await makeHandles(manager, index)), next: 1 });
  }
  const leaked: unknown[] = [];
  if (leaks) {
    await actors[0]!.events.put(keyOf(0), Buffer.of(0));
    const view = actors[0]!.events.iter({ consistent: true })[Symbol.asyncIterator]();
    await view.next();
    leaked.push(view);
  }

  let operations = 0;
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
    await Promise.all([
      snapshot.find(),
      events.last(),
      events.getByRange(undefined, -5),
      events.getMany([key, 'nothing']),
    ]);
    operations += 5;
    if (random.below(50) === 0) {
      for await (const [, value] of events.iter({ consistent: random.below(2) === 0, reverse: true })) {
        operations++;
        if (leaks) leaked.push(Buffer.alloc(20_000, value));
        if (random.below(60) === 0) break;
      }
    }
    // Actors come and go: what a handle costs must be given back.
    if (random.below(20) === 0) {
      await events.purge();
      Object.assign(actor, await makeHandles(manager, index));
    }
  };

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  for (let sample = 1; sample <= samples; sample++) {
    const until = (seconds * sample) / samples;
    // Sixteen actors at a time: their writes share commits, and readers come and go while the WAL grows.
    const lane = async (): Promise<void> => {
      while (elapsed() < until) await cycle();
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    say({
      seconds: elapsed(),
      operations,
      rss: process.memoryUsage.rss(),
      heap: process.memoryUsage().heapUsed,
      descriptors: openDescriptors(),
      wal: statSync(`${manager.path}-wal`).size,
      database: statSync(manager.path).size,
    });
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
