/** The process of the fuzz: every method with arguments that nobody should pass, each call checked against what it must come to. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteManager, type SqliteCollection } from '../../../lib/index';
import { EVENTS, SNAPSHOTS } from '../history';
import { seeded } from '../random';
import { ACTOR, describe, Fuzzer, type Attempt, type Verdict } from './fuzzer';

export interface FuzzOptions {
  directory: string;
  steps: number;
  seed: number;
  /** Turns what it is given into what it could take, as a careless layer would: the control. */
  coerces: boolean;
}

export async function fuzz({ directory, steps, seed, coerces }: FuzzOptions): Promise<void> {
  const say = (line: string): void => void writeSync(1, `${line}\n`);
  const random = seeded(seed);
  let left = 0;
  process.once('exit', () => {
    if (left > 0) say(`left ${left}`);
  });
  const manager = await SqliteManager.open(join(directory, 'store'), { durability: false, spec: 'nano' });
  const events = await manager.createCollection(EVENTS, ACTOR);
  const state = await manager.createState(SNAPSHOTS, ACTOR);
  const fuzzer = new Fuzzer(random, manager, coerces ? careless(events) : events, state, directory);

  const check = async ({ what, call, verdict }: Attempt): Promise<void> => {
    let promise: PromiseLike<unknown>;
    try {
      promise = call();
    } catch (error) {
      say(`wrong ${what}: threw ${describe(error)}`);
      return;
    }
    left++;
    const wrong = await Promise.resolve(promise).then(
      (value) => (accepts(verdict, value) ? undefined : `resolved to ${describe(value)}`),
      (error: unknown) => (acceptsError(verdict, error) ? undefined : `rejected with ${describe(error)}`),
    );
    left--;
    if (wrong !== undefined)
      say(
        `wrong ${what}: ${wrong}, expected ${
          typeof verdict === 'string'
            ? verdict
            : Object.entries(verdict)
                .map(([name, value]) => `${name} ${describe(value)}`)
                .join()
        }`,
      );
  };

  for (let done = 0; done < steps;) {
    // Some calls are issued together: what is wrong with one must not become its neighbours' fault.
    const together = random.pick([1, 1, 4]);
    await Promise.all(
      Array.from({ length: together }, () => check(together === 1 ? fuzzer.attempt() : fuzzer.write())),
    );
    done += together;
    await check(fuzzer.canary());
  }
  const expected = fuzzer.rows();
  await manager.stop();
  await check({ what: 'put after stop', call: () => events.put('late', Buffer.of(1)), verdict: { code: 'STORE' } });
  say(`expected ${JSON.stringify([...expected])}`);
}

/** Makes a collection take anything for a key and anything for bytes, as string conversion has it. */
function careless(events: SqliteCollection): SqliteCollection {
  const put = events.put.bind(events);
  return Object.assign(events, { put: (key: unknown, data: unknown) => put(String(key), Buffer.from(String(data))) });
}

function accepts(verdict: Verdict, value: unknown): boolean {
  if (typeof verdict === 'string') return verdict === 'anything';
  return 'value' in verdict && isSame(verdict.value, value);
}

function acceptsError(verdict: Verdict, error: unknown): boolean {
  if (typeof verdict === 'string') return true;
  return 'code' in verdict && (error as { code?: unknown }).code === verdict.code;
}

function isSame(expected: unknown, value: unknown): boolean {
  if (Buffer.isBuffer(expected)) return Buffer.isBuffer(value) && expected.equals(value);
  if (Array.isArray(expected)) {
    return (
      Array.isArray(value) && value.length === expected.length && expected.every((each, at) => isSame(each, value[at]))
    );
  }
  return expected === value;
}
