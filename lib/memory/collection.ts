import { purgeOf, readDel, readDelRange, readPut } from '../batch';
import type { Target } from '../batch';
import type { Collection, Entry, Iteration } from '../contracts';
import { iterate } from '../iteration';
import { checkBound, checkIterationOptions, checkQuantity, checkText, checkKeys } from '../validate';
import { MapPages } from './pages';
import { notFound } from './store';
import type { Rows, Store } from './store';

/** One actor's events in a `MemoryManager`. A write takes effect at the call. */
export class MemoryCollection implements Collection {
  readonly name: string;
  readonly prefix: string;
  readonly #store: Store;
  readonly #target: Target;

  constructor(store: Store, target: Target) {
    this.name = target.name;
    this.prefix = target.prefix;
    this.#store = store;
    this.#target = target;
    store.register(this, target);
  }

  get(key: string): Promise<Buffer> {
    return this.#store.run(() => {
      const value = this.#find(key);
      if (value === undefined) throw notFound(this.#target, key);
      return value;
    });
  }

  find(key: string): Promise<Buffer | undefined> {
    return this.#store.run(() => this.#find(key));
  }

  getMany(keys: Iterable<string>): Promise<(Buffer | undefined)[]> {
    return this.#store.run(() => {
      const checked = checkKeys(keys);
      const rows = this.#store.rows(this.#target);
      return checked.map((key) => copied(rows.get(key)));
    });
  }

  put(key: string, data: Uint8Array): Promise<void> {
    return this.#store.run(() => this.#store.write(readPut('put', this.#target, key, data)));
  }

  insert(key: string, data: Uint8Array): Promise<void> {
    return this.#store.run(() => this.#store.write(readPut('insert', this.#target, key, data)));
  }

  del(key: string): Promise<void> {
    return this.#store.run(() => this.#store.write(readDel(this.#target, key)));
  }

  last(): Promise<Entry | undefined> {
    return this.#store.run(() => {
      const [entry] = this.#store.rows(this.#target).entries({ reverse: true, limit: 1 });
      return entry && [entry[0], Buffer.from(entry[1])];
    });
  }

  iter(options?: Parameters<Collection['iter']>[0]): Iteration<Entry> {
    return this.iterRange(undefined, undefined, options);
  }

  iterRange(start?: string, end?: string, options?: Parameters<Collection['iterRange']>[2]): Iteration<Entry> {
    return iterate(
      () => {
        const bounds = { start: checkBound(start, 'start'), end: checkBound(end, 'end') };
        const plan = checkIterationOptions(options);
        const current = (): Rows => this.#store.rows(this.#target);
        const entry = (key: string, value: Buffer): Entry => [key, Buffer.from(value)];
        return { source: new MapPages(this.#store, current, bounds, plan, entry), signal: plan.signal };
      },
      () => this.#store.assertOpen(),
    );
  }

  getByRange(from: string | undefined, quantity: number): Promise<Buffer[]> {
    return this.#store.run(() => {
      const cursor = checkBound(from, 'from');
      const limit = Math.abs(checkQuantity(quantity));
      const rows = this.#store.rows(this.#target);
      if (cursor !== undefined && rows.get(cursor) === undefined) throw notFound(this.#target, cursor);
      return rows.entries({ cursor, reverse: quantity < 0, limit }).map(([, value]) => Buffer.from(value));
    });
  }

  delRange(start?: string, end?: string): Promise<void> {
    return this.#store.run(() => this.#store.write(readDelRange(this.#target, start, end)));
  }

  purge(): Promise<void> {
    return this.#store.run(() => this.#store.write(purgeOf(this.#target)));
  }

  #find(key: string): Buffer | undefined {
    return copied(this.#store.rows(this.#target).get(checkText(key, 'key')));
  }
}

function copied(value: Buffer | undefined): Buffer | undefined {
  return value && Buffer.from(value);
}
