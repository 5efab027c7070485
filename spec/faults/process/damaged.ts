/** The process of the damaged file: uses a store that something has damaged, in every way, and says what came of it. */
import { writeSync } from 'node:fs';
import { SqliteManager, StoreError } from '../../../lib/index';
import { EVENTS, History, SNAPSHOTS } from '../history';

export interface DamagedOptions {
  directory: string;
  /** Takes every call for a success: the control. */
  trusting: boolean;
}

export async function damaged({ directory, trusting }: DamagedOptions): Promise<void> {
  let left = 0;
  process.once('exit', () => writeSync(1, `left ${left}\n`));
  const use = async <T>(promise: Promise<T>): Promise<T | undefined> => {
    left++;
    try {
      return await promise;
    } catch (error) {
      if (trusting) throw error;
      writeSync(
        1,
        `${error instanceof StoreError ? 'refused' : 'strange'} ${String(error)}\n`.replace(/\n(?=.)/g, ' '),
      );
      return undefined;
    } finally {
      left--;
    }
  };

  const manager = await use(SqliteManager.open(directory, { durability: false, spec: 'nano' }));
  if (manager === undefined) return;
  for (const actor of new History().actors) {
    const events = await use(manager.createCollection(EVENTS, actor));
    const state = await use(manager.createState(SNAPSHOTS, actor));
    if (events === undefined || state === undefined) continue;
    const keys: string[] = [];
    const scan = async (): Promise<void> => {
      for await (const [key] of events.iter()) keys.push(key);
    };
    await use(scan());
    await Promise.all([
      ...keys.map((key) => use(events.get(key))),
      use(events.getMany(keys)),
      use(events.last()),
      use(state.find()),
    ]);
    await Promise.all(keys.slice(0, 20).map((key) => use(events.put(`${key}~`, Buffer.alloc(500)))));
    await use(state.put(Buffer.of(1)));
  }
  await use(manager.stop());
}
