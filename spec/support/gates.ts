import { isNativeError } from 'node:util/types';

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: Error): void;
}

/** A promise that the spec settles. */
export function deferred<T>(): Deferred<T> {
  let settle!: Omit<Deferred<T>, 'promise'>;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** Holds back whoever passes until the spec opens it. */
export interface Gate {
  pass(): Promise<void>;
  /** Fulfils when somebody has come to the gate. */
  readonly reached: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  const reached: Deferred<void> = deferred();
  const opened: Deferred<void> = deferred();
  return {
    pass() {
      reached.resolve();
      return opened.promise;
    },
    reached: reached.promise,
    open: () => opened.resolve(),
  };
}

/** What `promise` rejects with; fails when it fulfils. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (reason) {
    // Not `instanceof Error`: jest's Error is not the one that Node and the driver make.
    if (isNativeError(reason)) return reason as Error & Record<string, unknown>;
    throw new Error('expected an Error as the reason', { cause: reason });
  }
  throw new Error('expected a rejection, the promise was fulfilled');
}

/** Everything that an iteration yields. */
export async function collect<T>(iteration: AsyncIterable<T>): Promise<T[]> {
  const entries: T[] = [];
  for await (const entry of iteration) entries.push(entry);
  return entries;
}

/** A turn of the event loop: whatever was ready has run, and a rejection that nobody handled has failed the spec. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
