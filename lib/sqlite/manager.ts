/** Opens a store, wires its parts, hands out handles, stops everything. */
import { readBatch, type Target } from '../batch';
import type { BatchOperation, DbManager, Iteration } from '../contracts';
import { GetError, StoreError, StoreOperationError, hasPrimaryCode, reasonOf, stoppedError } from '../errors';
import { iterate } from '../iteration';
import { checkIdentifier, checkText, tableOf } from '../validate';
import type { StoreAccess } from './access';
import { backUp, backupPath } from './backup';
import { SqliteCollection } from './collection';
import { batchError } from './failures';
import { Fence, type CommitStep } from './fence';
import { checkOptions, type SqliteManagerOptions } from './options';
import { openStore, type OpenStore } from './open-store';
import { PrefixPages } from './pages';
import { ReadViews } from './read-views';
import { ReaderPool } from './reader-pool';
import { IN_USE } from './result-codes';
import { SharedGets } from './shared-gets';
import { SqliteState } from './state';
import * as sql from './statements';
import type { Shape } from './statements';
import { filePath } from './store-file';
import { Tables, type OnWriter } from './tables';
import { WalWatch } from './wal-watch';
import { GroupCommitter } from './write-group';
import { WriteQueue } from './write-queue';

/**
 * What specs may observe or replace.
 * @internal
 */
export interface Seams {
  readonly commitStep?: CommitStep;
}

/**
 * Owner of one SQLite file, `database.db`, its connections and its lifetime. While it is open, nothing else in the process may open that file:
 * no second SQLite library and no `fs`, which would drop SQLite's locks. A process opens a directory once, and in one thread: a second open
 * is refused, but not one of another worker thread. Several processes may, and take turns at writing.
 *
 * An open manager does not keep the process alive. Without `stop()` no write that resolved is lost: the next open finds it in the write-ahead log.
 */
export class SqliteManager implements DbManager {
  /** The absolute path of `database.db`. */
  readonly path: string;
  readonly #opened: OpenStore;
  readonly #access: StoreAccess;
  readonly #tables: Tables;
  readonly #wal: WalWatch;
  readonly #targets = new WeakMap<object, Target>();
  #lastBackup: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(opened: OpenStore, seams: Seams) {
    const { path, settings, writer } = opened;
    this.path = path;
    this.#opened = opened;
    const commitStep: CommitStep = seams.commitStep ?? ((step) => step());
    const fence = new Fence(writer, commitStep, (error) =>
      settings.logger.error({ path, err: error }, `no more writes until the store is opened again: ${error.message}`),
    );
    const committer = new GroupCommitter(writer, commitStep, fence);
    const queue = new WriteQueue(
      async (calls, bytes) => {
        await committer.commit(calls);
        wal.groupCommitted(bytes);
      },
      settings.maxQueuedBytes,
      path,
    );
    const onWriter: OnWriter = (work) => queue.run(() => fence.guard(() => work(writer)));
    const readers = new ReaderPool(opened.readers, () => stoppedError(path));
    const views = new ReadViews(opened.openReader, readers, settings.logger, path);
    const wal = (this.#wal = new WalWatch({
      path,
      walAutocheckpoint: settings.sizing.walAutocheckpoint,
      pageBytes: opened.pageBytes,
      logger: settings.logger,
      onWriter,
      oldestViewAgeMs: () => views.oldestAgeMs,
    }));
    this.#access = {
      path,
      queue,
      readers,
      gets: new SharedGets(readers),
      views,
      assertOpen: () => {
        if (this.#stopping !== undefined) throw stoppedError(path);
      },
    };
    this.#tables = new Tables(readers, onWriter, path);
  }

  /**
   * Opens the store in `directory`, making the directory and `database.db` when missing. A relative path starts at the working directory of
   * now. Resolves to a manager that has proven that it can write; a lock that another process holds is waited for, and tried again. Rejects with
   * `CreateStoreError` when the file cannot be made, opened or written, is no SQLite database in UTF-8, or is open in this process already; with
   * `InvalidConfigurationError` for an empty path, or an option that is wrong. A failed open leaves nothing open; a killed one, at most an empty
   * store, which the next open takes.
   */
  static open(directory: string | URL, options?: SqliteManagerOptions): Promise<SqliteManager> {
    return openManager(directory, options);
  }

  /** As `DbManager.createCollection`. A table that exists is looked up by a reader, and never waits behind writes; a new one is made in their turn. */
  async createCollection(identifier: string, prefix: string): Promise<SqliteCollection> {
    const target = await this.#createTarget(identifier, prefix, 'collection');
    const collection = new SqliteCollection(this.#access, target);
    this.#targets.set(collection, target);
    return collection;
  }

  /** @inheritDoc */
  async createState(identifier: string, prefix: string): Promise<SqliteState> {
    const target = await this.#createTarget(identifier, prefix, 'state');
    const state = new SqliteState(this.#access, target);
    this.#targets.set(state, target);
    return state;
  }

  /** @inheritDoc */
  prefixes(identifier: string): Iteration<string> {
    return iterate(
      () => {
        const name = checkIdentifier(identifier);
        return {
          source: new PrefixPages(name, async (read) => {
            try {
              return await this.#access.readers.lease(read);
            } catch (cause) {
              if (cause instanceof StoreError) throw cause;
              throw new GetError(name, reasonOf(cause), undefined, { table: name, path: this.path, cause });
            }
          }),
        };
      },
      () => this.#access.assertOpen(),
    );
  }

  /** @inheritDoc */
  async writeBatch(operations: Iterable<BatchOperation>): Promise<void> {
    this.#access.assertOpen();
    const writes = readBatch(operations, (target) => this.#targets.get(target as object));
    // The iterable is the caller's code, which may have stopped this manager.
    this.#access.assertOpen();
    if (writes.length === 0) return;
    const failure = await this.#access.queue.add(writes);
    if (failure !== undefined) throw batchError(failure, writes, this.path);
  }

  /**
   * Copies one moment of the store, compact, into `file`, while reads and writes go on. Resolves when the copy is complete and on the disk.
   * A relative path starts at the working directory of now. Takes as much room as the copy, and a connection of its own. One backup runs at a
   * time, in the order of the calls.
   *
   * Rejects with `StoreOperationError` (`backup`) when the file exists, even empty, or cannot be written, and leaves nothing half-written; with
   * `INVALID_ARGUMENT` for what is no path. A process that is killed meanwhile leaves no file of that name, but may leave one whose name goes on
   * with `.partial`.
   */
  async backup(file: string | URL): Promise<void> {
    this.#access.assertOpen();
    const target = backupPath(file);
    const before = this.#lastBackup;
    let finish: () => void = () => undefined;
    this.#lastBackup = new Promise((resolve) => (finish = resolve));
    await before;
    try {
      await backUp(this.#opened.openReader, this.path, target);
    } finally {
      finish();
    }
  }

  /**
   * Refuses new work, honours every write queued and every read issued, updates SQLite's statistics, brings the write-ahead log (the WAL) into the
   * file, then closes everything. When no other process has the file open, only `database.db` is left in the directory. Another process's lock is
   * waited for but briefly, and then warned of. A process that is killed meanwhile loses no write that resolved. Rejects with `StoreOperationError` (`wal_checkpoint`) when the WAL could not be brought into the
   * file for another reason than a lock; everything is closed all the same, and nothing is lost: the next open finds it in the WAL.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The same as `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #createTarget(identifier: string, prefix: string, kind: Shape): Promise<Target> {
    this.#access.assertOpen();
    const name = checkIdentifier(identifier);
    checkText(prefix, 'prefix');
    await this.#tables.ensure(name, kind);
    return { table: tableOf(name), name, prefix, kind, path: this.path };
  }

  async #stop(): Promise<void> {
    const { queue, readers, views } = this.#access;
    const failures: unknown[] = [];
    const attempt = async (step: () => Promise<void>): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    // In the order in which one may still give the next one work.
    await this.#wal.stop();
    await this.#tables.drain();
    await queue.drain();
    await this.#lastBackup;
    await readers.end();
    // Readers before the writer: the connection that closes last removes the WAL, and a reader cannot.
    await attempt(() => views.closeAll());
    for (const reader of this.#opened.readers) await attempt(() => reader.close());
    await attempt(() => this.#maintain());
    await attempt(() => this.#opened.writer.close());
    this.#opened.release();
    if (failures.length === 0) return;
    const [cause] = failures;
    throw cause instanceof StoreError
      ? cause
      : new StoreOperationError('wal_checkpoint', reasonOf(cause), { path: this.path, cause });
  }

  /** Leaves the file in good order: fresh statistics, and nothing left in the WAL. */
  async #maintain(): Promise<void> {
    const { writer, settings } = this.#opened;
    const warn = (what: string, cause: unknown): void =>
      settings.logger.warn({ path: this.path, err: cause }, `${what} at stop: ${reasonOf(cause)}`);
    await writer.exec(sql.setBusyTimeout(sql.SHORT_BUSY_TIMEOUT_MS));
    await writer.exec(sql.OPTIMIZE_AT_STOP).catch((cause: unknown) => warn('optimize failed', cause));
    try {
      const [row] = await writer.all<{ busy: number }>(sql.CHECKPOINT);
      // Not an error for SQLite: https://sqlite.org/pragma.html#pragma_wal_checkpoint
      if (row?.busy !== 0) warn('the WAL was not checkpointed', new Error('another process is using the file'));
    } catch (cause) {
      if (!hasPrimaryCode(cause, IN_USE)) throw cause;
      warn('the WAL was not checkpointed', cause);
    }
  }
}

/**
 * `SqliteManager.open` with seams for specs.
 * @internal
 */
export async function openManager(
  directory: string | URL,
  options?: SqliteManagerOptions,
  seams: Seams = {},
): Promise<SqliteManager> {
  return new SqliteManager(await openStore(filePath(directory), checkOptions(options)), seams);
}
