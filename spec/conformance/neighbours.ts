/** A backend in whose every call others take part: writes that share its groups, one of them failing, and reads that share its calls. */
import type { BatchOperation, Collection, DbManager } from '../../lib/index';
import { sabotage } from './sabotage';

const WRITES = ['put', 'insert', 'del', 'delRange', 'purge'] as const;
const READS = ['get', 'find', 'getMany', 'last', 'getByRange'] as const;

/** `manager`, with calls on a table of their own issued right before and behind each of its calls. */
export async function amongNeighbours(manager: DbManager): Promise<DbManager> {
  const others = await manager.createCollection('neighbours', 'somebody else');
  let calls = 0;
  const besideWrites = surrounded(() => {
    // Enough is enough: in a flood of writes a neighbour here and there has the same effect.
    if (calls++ > 200 && calls % 50 !== 0) return;
    disturb(others);
    // Not each time: a refused batch divides its group until it is alone.
    if (calls % 16 === 0) refuse(manager, others);
  });
  const besideReads = surrounded(() => readMuch(others));
  const both = <T extends object>(handle: T): Partial<T> => ({
    ...besideWrites(handle, WRITES),
    ...besideReads(handle, READS),
  });
  return sabotage(manager, {
    collection: both,
    state: both,
    manager: (good) => besideWrites(good, ['writeBatch']),
  });
}

/** Replaces methods by ones that issue others before and behind them. */
function surrounded(issueOthers: () => void) {
  return <T extends object>(handle: T, names: readonly string[]): Partial<T> => {
    const methods = names.map((name) => {
      const method: unknown = Reflect.get(handle, name);
      const surroundedMethod = (...parameters: unknown[]): unknown => {
        issueOthers();
        const result: unknown = Reflect.apply(method as (...all: unknown[]) => unknown, handle, parameters);
        issueOthers();
        return result;
      };
      return [name, surroundedMethod] as const;
    });
    return Object.fromEntries(methods.filter(([name]) => name in handle)) as Partial<T>;
  };
}

/** Writes that succeed, and some that meet what they do not expect. */
function disturb(others: Collection): void {
  const data = Buffer.from('1');
  ignore([others.put('a', data), others.del('missing'), others.insert('a', data)]);
}

/** A batch that must leave nothing behind. */
function refuse(manager: DbManager, others: Collection): void {
  const operations: BatchOperation[] = [
    { type: 'put', target: others, key: 'never there', data: Buffer.from('x') },
    { type: 'del', target: others, key: 'missing' },
  ];
  ignore([manager.writeBatch(operations)]);
}

function readMuch(others: Collection): void {
  ignore(['a', 'b', 'missing', 'a', 'c'].map((key) => others.find(key)));
}

/** What becomes of the neighbours is not what is looked at; some fail on purpose, and after a stop all do. */
function ignore(calls: readonly Promise<unknown>[]): void {
  for (const call of calls) call.catch(() => undefined);
}
