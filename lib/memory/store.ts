import type { Target, Write } from '../batch';
import { CreateStoreError, EntryExistsError, EntryNotFoundError, StoreOperationError } from '../errors';
import { checkIdentifier, checkText, tableOf } from '../validate';
import { OrderedMap } from './ordered-map';

/** One actor's entries. A state is the entry with the empty key. */
export type Rows = OrderedMap<Buffer>;
/** A table: the rows of each actor that has some. */
export type Actors = OrderedMap<Rows>;

const NO_ROWS: Rows = new OrderedMap();
const NO_ACTORS: Actors = new OrderedMap();
const MAX_READ_VIEWS = 4;

/** The tables of one manager, and whether it is open. What it hands out is immutable: a write makes new maps. */
export class Store {
  readonly #tables = new Map<string, { readonly kind: Target['kind']; actors: Actors }>();
  readonly #targets = new WeakMap<object, Target>();
  #stopped = false;
  #readViews = 0;

  assertOpen(): void {
    if (this.#stopped) throw new StoreOperationError('stopped', 'the manager is stopped');
  }

  /** The outcome of `call` as a promise; a stopped store rejects without calling. */
  run<T>(call: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.assertOpen();
      resolve(call());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#tables.clear();
  }

  /** The place of a handle; its table is made when missing. */
  place(kind: Target['kind'], identifier: unknown, prefix: unknown): Target {
    const name = checkIdentifier(identifier);
    const target: Target = { table: tableOf(name), name, prefix: checkText(prefix, 'prefix'), kind };
    const existing = this.#tables.get(target.table);
    if (existing === undefined) {
      this.#tables.set(target.table, { kind, actors: NO_ACTORS });
    } else if (existing.kind !== kind) {
      throw new CreateStoreError(`table "${name}" exists as a ${existing.kind} table, not as a ${kind} table`, {
        table: name,
        prefix: target.prefix,
      });
    }
    return target;
  }

  /** Makes `handle` a target of this store's batches. */
  register(handle: object, target: Target): void {
    this.#targets.set(handle, target);
  }

  targetOf(handle: unknown): Target | undefined {
    return typeof handle === 'object' && handle !== null ? this.#targets.get(handle) : undefined;
  }

  actors(table: string): Actors {
    // The caller's own code, run while its arguments were read, may have stopped the manager.
    this.assertOpen();
    return this.#tables.get(table)?.actors ?? NO_ACTORS;
  }

  rows({ table, prefix }: Target): Rows {
    return this.actors(table).get(prefix) ?? NO_ROWS;
  }

  write(write: Write): void {
    this.#commit(write.table, applied(this.actors(write.table), write));
  }

  /** All or none: nothing is kept until the last one has been applied. */
  writeBatch(writes: readonly Write[]): void {
    const changed = new Map<string, Actors>();
    writes.forEach((write, index) => {
      changed.set(write.table, applied(changed.get(write.table) ?? this.actors(write.table), write, index));
    });
    for (const [table, actors] of changed) this.#commit(table, actors);
  }

  /** The same limit as SQLite's, so that a test meets it first. */
  acquireReadView(): void {
    if (this.#readViews === MAX_READ_VIEWS) {
      throw new StoreOperationError(
        'read_view_limit',
        `${MAX_READ_VIEWS} consistent iterations are open, no more are allowed`,
      );
    }
    this.#readViews++;
  }

  releaseReadView(): void {
    this.#readViews--;
  }

  #commit(table: string, actors: Actors): void {
    const existing = this.#tables.get(table);
    if (existing !== undefined) existing.actors = actors;
  }
}

/** The error for an entry that is not there: `prefix.key`, or the bare prefix for a state. */
export function notFound({ name, prefix }: { name: string; prefix: string }, key?: string, index?: number): Error {
  const full = key === undefined ? prefix : `${prefix}.${key}`;
  return new EntryNotFoundError(full, key, { table: name, prefix, index });
}

function applied(actors: Actors, write: Write, index?: number): Actors {
  const rows = actors.get(write.prefix) ?? NO_ROWS;
  const after = appliedTo(rows, write, index);
  return after.isEmpty ? actors.delete(write.prefix) : actors.set(write.prefix, after);
}

function appliedTo(rows: Rows, write: Write, index?: number): Rows {
  if (write.kind === 'erase') return rows.deleteRange(write.start, write.end);
  const { kind, name, prefix, key } = write;
  const exists = rows.get(key ?? '') !== undefined;
  if (kind === 'del') {
    if (!exists) throw notFound(write, key, index);
    return rows.delete(key ?? '');
  }
  if (kind === 'insert' && exists && key !== undefined) {
    throw new EntryExistsError(`${prefix}.${key}`, key, { table: name, prefix, index });
  }
  return rows.set(key ?? '', write.data);
}
