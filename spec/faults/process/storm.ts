/** The process of the open/stop storm: opens and stops the same store over and over, with work in flight, in every order that may happen. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { SqliteManager } from '../../../lib/index';
import { EVENTS, History } from '../history';
import { openSubject } from '../subjects';
import { describe, Writer } from './writer';

export interface StormOptions {
  directory: string;
  cycles: number;
  /** Leaves a connection open in every cycle: the control. */
  leaks: boolean;
}

/** Writes issued in every cycle. */
export const WRITES_PER_CYCLE = 12;

export async function storm({ directory, cycles, leaks }: StormOptions): Promise<void> {
  const store = join(directory, 'store');
  const options = { durability: false, spec: 'nano' } as const;
  const history = new History();
  const writer = new Writer(history);
  const expectRejection = async (promise: Promise<unknown>, code: string, what: string): Promise<void> => {
    const outcome = await writer.settled(promise.then(() => 'resolved', describe));
    if (!outcome.startsWith(`${code} `)) writer.say(`wrong ${what}: ${outcome}`);
  };

  /** stop() right behind writes and reads: all of them settle before it does. */
  const stopBehindWork = async (): Promise<void> => {
    const subject = await writer.settled(openSubject(store, { kind: 'library', durability: false }, history.actors));
    const work = Promise.all([writer.burst(subject, WRITES_PER_CYCLE), subject.view().catch(() => undefined)]);
    await writer.settled(subject.stop());
    if (writer.unsettledWrites > 0) writer.say('wrong: stop resolved before a write had settled');
    await work;
  };

  /** Of several opens at once, one gets the store. */
  const openAtOnce = async (): Promise<void> => {
    const opened = await Promise.allSettled([1, 2, 3].map(() => writer.settled(SqliteManager.open(store, options))));
    const winners = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (winners.length !== 1) writer.say(`wrong number of managers: ${winners.length}`);
    await Promise.all(winners.map((manager) => writer.settled(manager.stop())));
  };

  /** After stop every call is refused, and the stop of a stopped manager is the same promise. */
  const callAfterStop = async (): Promise<void> => {
    const manager = await writer.settled(SqliteManager.open(store, options));
    const events = await manager.createCollection(EVENTS, 'storm');
    const pull = events.iter();
    const stopped = manager.stop();
    if (manager.stop() !== stopped) writer.say('wrong: a second stop is another promise');
    await expectRejection(events.put('late', Buffer.of(1)), 'STORE', 'put after stop');
    await expectRejection(pull[Symbol.asyncIterator]().next(), 'STORE', 'pull after stop');
    await expectRejection(manager.createState(EVENTS, 'storm'), 'STORE', 'createState after stop');
    await writer.settled(stopped);
  };

  /** Many stores at once, beside each other. */
  const openMany = async (): Promise<void> => {
    const directories = Array.from({ length: 8 }, (_, index) => join(directory, `beside-${index}`));
    const managers = await Promise.all(directories.map((path) => writer.settled(SqliteManager.open(path, options))));
    await Promise.all(managers.map((manager) => writer.settled(manager.stop())));
  };

  const kinds = [stopBehindWork, openAtOnce, callAfterStop, openMany];
  for (const kind of kinds) await kind();
  const leaked: sqlite3.Database[] = [];
  const before = openDescriptors();
  for (let cycle = 0; cycle < cycles; cycle++) {
    await kinds[cycle % kinds.length]!();
    if (leaks) leaked.push(new sqlite3.Database(join(store, 'database.db')));
  }
  const after = openDescriptors();
  if (after > before) writer.say(`wrong: ${after - before} descriptors more after ${cycles} cycles`);
  writer.say('end');
}

/** Those of this process, where the system shows them. */
export function openDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}
