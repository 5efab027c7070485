import type { BatchOperation, Collection, DbManager, EntryIterator, Iteration, State } from '../../lib/index';

/** One thing that a backend does wrong: what it does instead of a good one. */
export interface Defect {
  /** Completes "a backend that …". */
  readonly title: string;
  /** The tests of the suite that are about it. */
  readonly caughtBy: RegExp;
  readonly manager?: (good: DbManager) => Partial<DbManager>;
  readonly collection?: (good: Collection, manager: DbManager) => Partial<Collection>;
  readonly state?: (good: State, manager: DbManager) => Partial<State>;
}

/** A manager that is `good` but for one defect. */
export function sabotage(good: DbManager, defect: Partial<Defect>): DbManager {
  const goodHandles = new WeakMap<object, Collection | State>();
  const altered = <T extends Collection | State>(handle: T, members: Partial<T> = {}): T => {
    const result = overlay(handle, members);
    goodHandles.set(result, handle);
    return result;
  };
  const withHandles = overlay(good, {
    createCollection: async (identifier, prefix) => {
      const collection = await good.createCollection(identifier, prefix);
      return altered(collection, defect.collection?.(collection, good));
    },
    createState: async (identifier, prefix) => {
      const state = await good.createState(identifier, prefix);
      return altered(state, defect.state?.(state, good));
    },
    writeBatch: (operations) => good.writeBatch(withGoodTargets(operations, goodHandles)),
  });
  return overlay(withHandles, defect.manager?.(withHandles) ?? {});
}

/** `base` with some members replaced. */
export function overlay<T extends object>(base: T, members: Partial<T>): T {
  return new Proxy(base, {
    get(target, name): unknown {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** The same iteration, single use and all, with an iterator that does something else. */
export function altering<T>(
  iteration: Iteration<T>,
  members: (good: EntryIterator<T>) => Partial<EntryIterator<T>>,
): Iteration<T> {
  const good = iteration[Symbol.asyncIterator]();
  const altered: EntryIterator<T> = overlay(good, { ...members(good), [Symbol.asyncIterator]: () => altered });
  return Object.assign(Promise.resolve(altered), { [Symbol.asyncIterator]: () => altered });
}

/** Replaces `iter` and `iterRange` alike. */
export function alteringBoth(
  collection: Collection,
  alter: (iteration: ReturnType<Collection['iter']>) => ReturnType<Collection['iter']>,
): Partial<Collection> {
  return {
    iter: (options) => alter(collection.iter(options)),
    iterRange: (start, end, options) => alter(collection.iterRange(start, end, options)),
  };
}

function withGoodTargets(
  operations: Iterable<BatchOperation>,
  goodHandles: WeakMap<object, Collection | State>,
): Iterable<BatchOperation> {
  if (typeof (operations as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] !== 'function') {
    return operations;
  }
  return (function* () {
    for (const operation of operations as Iterable<BatchOperation | null | number>) {
      if (typeof operation !== 'object' || operation === null) yield operation as never;
      else yield { ...operation, target: goodHandles.get(operation.target) ?? operation.target } as BatchOperation;
    }
  })();
}
