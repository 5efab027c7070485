/** Frozen views of the file for consistent iterations. */
import type { Logger } from '../contracts';
import { StoreOperationError } from '../errors';
import type { Connection } from './connection';
import type { ReaderPool } from './reader-pool';
import * as sql from './statements';
import { whyNotOpened } from './store-file';

const MAX_VIEWS = 4;
const WARN_AFTER_MS = 60_000;

export class ReadViews {
  readonly #open: () => Promise<Connection>;
  readonly #readers: ReaderPool<Connection>;
  readonly #logger: Logger;
  readonly #path: string;
  readonly #views = new Set<ReadView>();

  constructor(open: () => Promise<Connection>, readers: ReaderPool<Connection>, logger: Logger, path: string) {
    this.#open = open;
    this.#readers = readers;
    this.#logger = logger;
    this.#path = path;
  }

  /** A view that is taken at its first read. */
  view(): ReadView {
    return new ReadView(this);
  }

  /** How long the oldest open view has been pinning the WAL, in ms; undefined when there is none. */
  get oldestAgeMs(): number | undefined {
    const [oldest] = this.#views;
    return oldest?.ageMs;
  }

  /** Closes every open view. No read may be running on one. */
  async closeAll(): Promise<void> {
    for (const view of [...this.#views]) await view.close();
  }

  /** Reads of a view count among those of the pool, so that together they never occupy more threads than there are readers. */
  lease<T>(read: () => Promise<T>): Promise<T> {
    return this.#readers.lease(read);
  }

  /** A connection on which the file stands still. */
  async begin(view: ReadView): Promise<Connection> {
    if (this.#views.size >= MAX_VIEWS) {
      throw new StoreOperationError(
        'read_view_limit',
        `${MAX_VIEWS} consistent iterations are open, which is the limit: finish or leave one first`,
        { path: this.#path },
      );
    }
    this.#views.add(view);
    let connection: Connection | undefined;
    try {
      connection = await this.#open();
      await connection.run(sql.BEGIN_READ);
      await connection.all(sql.FREEZE);
      return connection;
    } catch (cause) {
      this.#views.delete(view);
      await connection?.close().catch(() => undefined);
      throw new StoreOperationError('open_connection', await whyNotOpened(this.#path, cause), {
        path: this.#path,
        cause,
      });
    }
  }

  warn(ageMs: number): void {
    const ageSeconds = Math.round(ageMs / 1000);
    this.#logger.warn(
      { path: this.#path, ageSeconds },
      `a consistent iteration has been open for ${ageSeconds} s: the WAL grows until it ends`,
    );
  }

  forget(view: ReadView): void {
    this.#views.delete(view);
  }
}

export class ReadView {
  readonly #views: ReadViews;
  #connection: Connection | undefined;
  #openedAt = 0;
  #reminder: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(views: ReadViews) {
    this.#views = views;
  }

  get ageMs(): number {
    return Date.now() - this.#openedAt;
  }

  /** Runs a read on the view; the first one takes the view. */
  read<T>(read: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#views.lease(async () => read(this.#connection ?? (await this.#take())));
  }

  /** Lets the WAL go. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #take(): Promise<Connection> {
    this.#openedAt = Date.now();
    this.#connection = await this.#views.begin(this);
    this.#reminder = setInterval(() => this.#views.warn(this.ageMs), WARN_AFTER_MS);
    this.#reminder.unref();
    return this.#connection;
  }

  async #release(): Promise<void> {
    clearInterval(this.#reminder);
    const connection = this.#connection;
    this.#connection = undefined;
    try {
      await connection?.close();
    } finally {
      this.#views.forget(this);
    }
  }
}
