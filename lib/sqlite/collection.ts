/** The ordered entries of one actor. */
import { entryName, readDel, readDelRange, readPut, purgeOf, type Target, type Write } from '../batch';
import type { Collection, Entry, Iteration, IterationOptions } from '../contracts';
import { EntryNotFoundError, GetError, StoreError, StoreOperationError, reasonOf } from '../errors';
import { iterate } from '../iteration';
import {
  checkBound,
  checkIterationOptions,
  checkKeys,
  checkQuantity,
  checkText,
  type IterationPlan,
} from '../validate';
import type { StoreAccess } from './access';
import type { Connection } from './connection';
import { writeError } from './failures';
import { EntryPages, isText, type RawEntry, type RunRead, type Scan } from './pages';
import type { Found } from './shared-gets';
import * as sql from './statements';
import type { Table } from './statements';
import type { WriteFailure } from './write-plan';

/** A collection in SQLite. Made by `SqliteManager.createCollection`; holds no connection. See `Collection` for what each method promises. */
export class SqliteCollection implements Collection {
  readonly #access: StoreAccess;
  readonly #target: Target;
  readonly #table: Table;

  /** @internal */
  constructor(access: StoreAccess, target: Target) {
    this.#access = access;
    this.#target = target;
    this.#table = { name: target.table, shape: 'collection' };
  }

  get name(): string {
    return this.#target.name;
  }

  get prefix(): string {
    return this.#target.prefix;
  }

  async get(key: string): Promise<Buffer> {
    const value = this.#checkValue(key, await this.#find(key));
    if (value === undefined) throw new EntryNotFoundError(entryName(this.prefix, key), key, this.#context());
    return value;
  }

  async find(key: string): Promise<Buffer | undefined> {
    return this.#checkValue(key, await this.#find(key));
  }

  async getMany(keys: Iterable<string>): Promise<(Buffer | undefined)[]> {
    this.#access.assertOpen();
    const asked = checkKeys(keys);
    // The iterable is the caller's code, which may have stopped the manager.
    this.#access.assertOpen();
    if (asked.length === 0) return [];
    let found: Found[];
    try {
      found = await this.#access.gets.getMany(this.#table, this.prefix, asked);
    } catch (cause) {
      throw this.#pageError(cause);
    }
    return asked.map((key, i) => this.#checkValue(key, found[i]));
  }

  async put(key: string, data: Uint8Array): Promise<void> {
    this.#access.assertOpen();
    const write = readPut('put', this.#target, key, data);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async insert(key: string, data: Uint8Array): Promise<void> {
    this.#access.assertOpen();
    const write = readPut('insert', this.#target, key, data);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async del(key: string): Promise<void> {
    this.#access.assertOpen();
    const write = readDel(this.#target, key);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async delRange(start?: string, end?: string): Promise<void> {
    this.#access.assertOpen();
    const write = readDelRange(this.#target, start, end);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async purge(): Promise<void> {
    this.#access.assertOpen();
    const write = purgeOf(this.#target);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async last(): Promise<Entry | undefined> {
    this.#access.assertOpen();
    let rows: RawEntry[];
    try {
      rows = await this.#access.readers.lease((reader) => reader.all(sql.readLast(this.#table), [this.prefix]));
    } catch (cause) {
      throw this.#operationError('get_latest_events', cause);
    }
    return rows[0] === undefined ? undefined : this.#checkEntry(rows[0]);
  }

  iter(options?: boolean | IterationOptions): Iteration<Entry> {
    return this.iterRange(undefined, undefined, options);
  }

  iterRange(start?: string, end?: string, options?: boolean | IterationOptions): Iteration<Entry> {
    return iterate(
      () => {
        const plan = checkIterationOptions(options);
        return { source: this.#pages(checkBound(start, 'start'), checkBound(end, 'end'), plan), signal: plan.signal };
      },
      () => this.#access.assertOpen(),
    );
  }

  async getByRange(from: string | undefined, quantity: number): Promise<Buffer[]> {
    this.#access.assertOpen();
    checkBound(from, 'from');
    const reverse = checkQuantity(quantity) < 0;
    // One more, for `from` itself: its row says whether it exists.
    const limit = Math.abs(quantity) + (from === undefined ? 0 : 1);
    const scan = {
      ...this.#range(reverse ? undefined : from, reverse ? from : undefined),
      reverse,
      limit,
      anchored: from !== undefined,
      whole: true,
    };
    const entries: Entry[] = [];
    try {
      let free: Connection | undefined;
      const pages = this.#pagesOf(scan, (read) => read(free as Connection));
      await this.#access.readers.leaseEach(async (reader) => {
        free = reader;
        const page = await pages.fetch();
        if (page === undefined) return false;
        if (entries.length === 0 && from !== undefined && page.at(0)?.[0] !== from) return false;
        for (let i = 0; i < page.length; i++) entries.push(page.at(i) as Entry);
        return true;
      });
    } catch (cause) {
      throw this.#operationError('get_events_range', cause);
    }
    if (from === undefined) return entries.map(([, value]) => value);
    if (entries.length === 0) throw new EntryNotFoundError(entryName(this.prefix, from), from, this.#context());
    return entries.slice(1).map(([, value]) => value);
  }

  #find(key: string): Promise<Found> {
    this.#access.assertOpen();
    checkText(key, 'key');
    return this.#access.gets.get(this.#table, this.prefix, key).catch((cause: unknown) => {
      throw new GetError(entryName(this.prefix, key), reasonOf(cause), key, { ...this.#context(), cause });
    });
  }

  #settle(failure: WriteFailure | undefined, write: Write): void {
    if (failure !== undefined) throw writeError(failure, write, this.#access.path);
  }

  #pages(start: string | undefined, end: string | undefined, plan: IterationPlan): EntryPages {
    const view = plan.consistent ? this.#access.views.view() : undefined;
    const run: RunRead = (read) => (view === undefined ? this.#access.readers.lease(read) : view.read(read));
    return this.#pagesOf(
      { ...this.#range(start, end), reverse: plan.reverse, limit: plan.limit },
      async (read) => {
        try {
          return await run(read);
        } catch (cause) {
          throw this.#pageError(cause);
        }
      },
      () => view?.close() ?? Promise.resolve(),
    );
  }

  #pagesOf(scan: Scan, run: RunRead, close = (): Promise<void> => Promise.resolve()): EntryPages {
    return new EntryPages(scan, run, (entry) => this.#checkEntry(entry), close);
  }

  #range(start: string | undefined, end: string | undefined): Omit<Scan, 'reverse' | 'limit'> {
    return { table: this.#table, prefix: this.prefix, start, end };
  }

  #checkEntry({ key, keyBytes, value }: RawEntry): Entry {
    if (!isText(key, keyBytes))
      throw new GetError(this.prefix, 'a key in the file is not text in UTF-8', undefined, this.#context());
    return [key, this.#checkValue(key, value as Found) as Buffer];
  }

  #checkValue(key: string, found: Found): Buffer | undefined {
    if (found === undefined || Buffer.isBuffer(found)) return found;
    throw new GetError(entryName(this.prefix, key), 'the value in the file is not a BLOB', key, this.#context());
  }

  #pageError(cause: unknown): StoreError {
    if (cause instanceof StoreError) return cause;
    return new GetError(this.prefix, reasonOf(cause), undefined, { ...this.#context(), cause });
  }

  #operationError(operation: 'get_latest_events' | 'get_events_range', cause: unknown): StoreError {
    if (cause instanceof StoreError) return cause;
    return new StoreOperationError(operation, reasonOf(cause), { ...this.#context(), cause });
  }

  #context(): { table: string; prefix: string; path: string } {
    return { table: this.name, prefix: this.prefix, path: this.#access.path };
  }
}
