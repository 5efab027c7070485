/** The process of the churn: ten thousand actors come, write, read, delete and go, in one order that a seed decides, and the store must hold what a map holds. */
import { writeFileSync } from 'node:fs';
import { SqliteManager, type BatchOperation, type SqliteCollection, type SqliteState } from '../../../lib/index';
import { digest, EVENTS, eventRow, SNAPSHOTS, snapshotRow, type Rows } from '../history';
import { bytes, seeded, type Random } from '../random';
import { describe, Writer } from './writer';
import { History } from '../history';

export interface ChurnOptions {
  directory: string;
  actors: number;
  operations: number;
  seed: number;
  /** Where the rows go that should be there. */
  expected: string;
  /** Acknowledges one write in a thousand without doing it: the control. */
  forgets: boolean;
}

/** Operations issued without awaiting them. */
const WAVE = 256;

interface Actor {
  name: string;
  events: SqliteCollection;
  snapshot: SqliteState;
  /** What it should have, oldest first. */
  log: [key: string, value: string][];
  state: string | undefined;
  next: number;
}

export async function churn(options: ChurnOptions): Promise<void> {
  const { directory, actors: count, operations, seed, forgets } = options;
  const random = seeded(seed);
  const writer = new Writer(new History());
  const actors: Actor[] = [];
  let manager = await openWith(directory, actors, count);
  let issued = 0;
  const acknowledge = async (write: () => Promise<void>): Promise<void> => {
    if (++issued % 1000 === 0 && forgets) return;
    await writer.settled(write()).catch((error: unknown) => writer.say(`wrong rejection: ${describe(error)}`));
  };

  for (let done = 0; done < operations; done += WAVE) {
    await Promise.all(
      Array.from({ length: WAVE }, () =>
        step(manager, random.pick(actors), random, acknowledge, (what) => writer.say(what)),
      ),
    );
    // Half-way everybody leaves and comes back.
    if (done < operations / 2 && done + WAVE >= operations / 2) {
      await writer.settled(manager.stop());
      manager = await openWith(directory, actors, count);
      await recover(manager, actors, (what) => writer.say(what));
    }
  }
  const expected: Rows = new Map();
  for (const { name, log, state } of actors) {
    for (const [key, value] of log) expected.set(eventRow(name, key), value);
    if (state !== undefined) expected.set(snapshotRow(name), state);
  }
  writeFileSync(options.expected, JSON.stringify([...expected]));
  writer.say(`issued ${issued}`);
  process.kill(process.pid, 'SIGKILL');
}

/** Opens the store and gives every actor its handles. */
async function openWith(directory: string, actors: Actor[], count: number): Promise<SqliteManager> {
  const manager = await SqliteManager.open(directory, { durability: false, spec: 'micro' });
  for (let index = 0; index < count; index++) {
    const name = `actor-${index}`;
    const events = await manager.createCollection(EVENTS, name);
    const snapshot = await manager.createState(SNAPSHOTS, name);
    actors[index] = { name, log: [], state: undefined, next: 0, ...actors[index], events, snapshot };
  }
  return manager;
}

/** Reads what every tenth actor has, as it would when it starts, and who there is. */
async function recover(manager: SqliteManager, actors: readonly Actor[], say: (what: string) => void): Promise<void> {
  for (const { name, events, snapshot, log, state } of actors.filter((_, index) => index % 10 === 0)) {
    const entries: Actor['log'] = [];
    for await (const [key, value] of events.iter()) entries.push([key, digest(value)]);
    if (JSON.stringify(entries) !== JSON.stringify(log)) say(`wrong: ${name} recovers other events`);
    const value = await snapshot.find();
    if ((value && digest(value)) !== state) say(`wrong: ${name} recovers another snapshot`);
  }
  const there: string[] = [];
  for await (const name of manager.prefixes(EVENTS)) there.push(name);
  const should = actors.filter(({ log }) => log.length > 0).map(({ name }) => name);
  if (there.join() !== should.sort().join()) say(`wrong: ${there.length} actors have events, not ${should.length}`);
}

/** One thing that an actor does. What it should have changes at the call: writes take effect in the order of the calls. */
async function step(
  manager: SqliteManager,
  actor: Actor,
  random: Random,
  acknowledge: (write: () => Promise<void>) => Promise<void>,
  say: (what: string) => void,
): Promise<void> {
  const { events, snapshot, log } = actor;
  const ordinal = actor.next++;
  const key = `e${String(ordinal).padStart(6, '0')}`;
  const data = bytes(random.below(2 ** 31), random.below(300));
  const kind = random.below(20);
  if (kind < 9) {
    log.push([key, digest(data)]);
    await acknowledge(() => events.put(key, data));
  } else if (kind < 14) {
    log.push([key, digest(data)]);
    actor.state = digest(data);
    const batch: BatchOperation[] = [
      { type: 'insert', target: events, key, data },
      { type: 'put', target: snapshot, data },
    ];
    await acknowledge(() => manager.writeBatch(batch));
  } else if (kind < 16 && log.length > 2) {
    const [[oldest], , [third]] = log as [[string, string], unknown, [string, string]];
    log.splice(0, 3);
    await acknowledge(() => events.delRange(oldest, third));
  } else if (kind === 16) {
    log.length = 0;
    await acknowledge(() => events.purge());
  } else if (kind === 17) {
    actor.state = undefined;
    await acknowledge(() => snapshot.purge());
  } else {
    // Writes of the actor may be in flight: it is only certain that the key is one of its own.
    const last = await events.last();
    if (last !== undefined && !/^e\d{6}$/.test(last[0])) say(`wrong: last gave ${last[0]}`);
  }
}
