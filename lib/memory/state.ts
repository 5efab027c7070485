import { purgeOf, readDel, readPut } from '../batch';
import type { Target } from '../batch';
import type { State } from '../contracts';
import { notFound } from './store';
import type { Store } from './store';

/** One actor's snapshot in a `MemoryManager`. A write takes effect at the call. */
export class MemoryState implements State {
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

  get(): Promise<Buffer> {
    return this.#store.run(() => {
      const value = this.#find();
      if (value === undefined) throw notFound(this.#target);
      return value;
    });
  }

  find(): Promise<Buffer | undefined> {
    return this.#store.run(() => this.#find());
  }

  put(data: Uint8Array): Promise<void> {
    return this.#store.run(() => this.#store.write(readPut('put', this.#target, undefined, data)));
  }

  del(): Promise<void> {
    return this.#store.run(() => this.#store.write(readDel(this.#target, undefined)));
  }

  purge(): Promise<void> {
    return this.#store.run(() => this.#store.write(purgeOf(this.#target)));
  }

  #find(): Buffer | undefined {
    const value = this.#store.rows(this.#target).get('');
    return value && Buffer.from(value);
  }
}
