import type { PageSource } from '../iteration';
import type { IterationPlan } from '../validate';
import type { OrderedMap } from './ordered-map';
import type { Store } from './store';

const PAGE_ENTRIES = 100;

interface Bounds {
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** Pages of a map as it is at each page, or as it was at the first one when the plan is consistent. */
export class MapPages<V, T> implements PageSource<T> {
  #cursor: string | undefined;
  #left: number;
  #view: OrderedMap<V> | undefined;

  constructor(
    private readonly store: Store,
    private readonly current: () => OrderedMap<V>,
    private readonly bounds: Bounds,
    private readonly plan: IterationPlan,
    private readonly item: (key: string, value: V) => T,
  ) {
    this.#left = plan.limit;
  }

  fetch(): Promise<T[] | undefined> {
    return this.store.run(() => this.#next());
  }

  close(): Promise<void> {
    if (this.#view !== undefined) this.store.releaseReadView();
    this.#view = undefined;
    return Promise.resolve();
  }

  #next(): T[] | undefined {
    const { reverse } = this.plan;
    const limit = Math.min(PAGE_ENTRIES, this.#left);
    const entries = this.#map().entries({ ...this.bounds, cursor: this.#cursor, reverse, limit });
    const last = entries.at(-1);
    if (last === undefined) return undefined;
    this.#cursor = last[0];
    this.#left -= entries.length;
    return entries.map(([key, value]) => this.item(key, value));
  }

  #map(): OrderedMap<V> {
    if (!this.plan.consistent) return this.current();
    if (this.#view === undefined) {
      this.store.acquireReadView();
      this.#view = this.current();
    }
    return this.#view;
  }
}
