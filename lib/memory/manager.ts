import { readBatch } from '../batch';
import type { BatchOperation, Collection, DbManager, Iteration, State } from '../contracts';
import { iterate } from '../iteration';
import { checkIdentifier, checkIterationOptions, tableOf } from '../validate';
import { MemoryCollection } from './collection';
import { MapPages } from './pages';
import { MemoryState } from './state';
import { Store } from './store';

/**
 * A store in memory, for tests and for what may be thrown away: nothing survives `stop()` or the process. It keeps every promise of the
 * contracts but those about files. One thing differs that a test can see: a write takes effect at the call, so a read issued before the
 * write was awaited sees it already.
 */
export class MemoryManager implements DbManager {
  readonly #store = new Store();
  #stopping: Promise<void> | undefined;

  private constructor() {}

  /** An empty store, shared with nobody. */
  static open(): Promise<MemoryManager> {
    return Promise.resolve(new MemoryManager());
  }

  createCollection(identifier: string, prefix: string): Promise<Collection> {
    return this.#store.run(() => {
      return new MemoryCollection(this.#store, this.#store.place('collection', identifier, prefix));
    });
  }

  createState(identifier: string, prefix: string): Promise<State> {
    return this.#store.run(() => new MemoryState(this.#store, this.#store.place('state', identifier, prefix)));
  }

  prefixes(identifier: string): Iteration<string> {
    return iterate(
      () => {
        const table = tableOf(checkIdentifier(identifier));
        const plan = checkIterationOptions(undefined);
        const bounds = { start: undefined, end: undefined };
        return {
          source: new MapPages(
            this.#store,
            () => this.#store.actors(table),
            bounds,
            plan,
            (prefix) => prefix,
          ),
        };
      },
      () => this.#store.assertOpen(),
    );
  }

  writeBatch(operations: Iterable<BatchOperation>): Promise<void> {
    return this.#store.run(() => {
      this.#store.writeBatch(readBatch(operations, (target) => this.#store.targetOf(target)));
    });
  }

  /** Ends the store and lets go of what it held. Every write before it has taken effect already. */
  stop(): Promise<void> {
    this.#stopping ??= this.#store.run(() => this.#store.stop());
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
