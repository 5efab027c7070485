/** One SQLite connection. The only file that opens one, and the only one that knows the driver. */
import { open, type Database, type Statement } from 'sqlite';
import { CreateStoreError } from '../errors';
import type { Sizing } from '../machine';
import { setBusyTimeout } from './statements';

/** What a statement may bind: the driver turns everything else into NULL or into the text `[object Object]`, silently. */
export type Parameter = string | number | Buffer;

export interface ConnectionOptions {
  readonly role: 'writer' | 'reader';
  readonly durability: boolean;
  readonly sizing: Sizing;
}

/** https://sqlite.org/c3ref/c_open_autoproxy.html: SQLITE_OPEN_EXRESCODE, which the driver has no name for. */
const OPEN_EXRESCODE = 0x02000000;
/** How long a statement waits for another process's lock, on a thread of libuv's pool. */
export const BUSY_TIMEOUT_MS = 5000;
/** Prepared statements kept; a store with few tables never fills it. */
const MAX_STATEMENTS = 256;

/**
 * Prepares each SQL text once and runs it. Callers make one call at a time and wait for it: the driver does not keep the order of prepared
 * statements, and several calls on one connection would each hold a thread of libuv's pool while they wait for one mutex.
 */
export class Connection {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * A connection with every pragma set; a writer creates the file. `check` looks at the file first, while nothing of it has been changed. A
   * failure leaves nothing open. With `durability`, a commit returns when its bytes are on the disk.
   */
  static async open(
    path: string,
    options: ConnectionOptions,
    check?: (connection: Connection) => Promise<void>,
  ): Promise<Connection> {
    const driver = loadDriver();
    const access = options.role === 'writer' ? driver.OPEN_READWRITE | driver.OPEN_CREATE : driver.OPEN_READONLY;
    // When this rejects there is nothing to close: close() of a connection that never opened does not call back.
    const database = await open({
      filename: path,
      driver: driver.Database,
      mode: access | driver.OPEN_FULLMUTEX | OPEN_EXRESCODE,
    });
    const connection = new Connection(database);
    try {
      // First: everything else may have to wait for a lock.
      await database.exec(setBusyTimeout(BUSY_TIMEOUT_MS));
      await check?.(connection);
      await database.exec(pragmas(options));
      return connection;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  /** Every row. Reads use this alone: a `get` that is not reset would keep its read transaction open. */
  async all<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql));
    try {
      return await statement.all<Row[]>(parameters);
    } catch (error) {
      await statement.reset();
      throw error;
    }
  }

  /** Runs a statement; resolves to the number of rows that it changed. */
  async run(sql: string, parameters: readonly Parameter[] = []): Promise<number> {
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql));
    try {
      const { changes } = await statement.run(parameters);
      return changes ?? 0;
    } catch (error) {
      // The driver resets a failed statement only when it binds it again. Until then SQLite counts it as running, and no other statement on
      // this connection commits by itself: https://sqlite.org/lang_transaction.html#implicit_versus_explicit_transactions
      await statement.reset();
      throw error;
    }
  }

  /** Runs SQL texts that are not worth keeping. */
  exec(sql: string): Promise<void> {
    return this.#database.exec(sql);
  }

  /** Ends the connection. Nothing may be running on it: finalizing a busy statement blocks the event loop. */
  async close(): Promise<void> {
    for (const statement of this.#statements.values()) await statement.finalize();
    this.#statements.clear();
    await this.#database.close();
  }

  async #prepare(sql: string): Promise<Statement> {
    const statement = await this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      const [oldest] = this.#statements as Iterable<[string, Statement]>;
      if (oldest !== undefined) {
        this.#statements.delete(oldest[0]);
        await oldest[1].finalize();
      }
    }
    return statement;
  }
}

/**
 * The driver, loaded when the first connection is opened: importing the library must not fail where only another backend is used.
 */
export function loadDriver(): typeof import('sqlite3') {
  try {
    return require('sqlite3') as typeof import('sqlite3');
  } catch (cause) {
    throw new CreateStoreError(
      `the native binding of sqlite3 cannot be loaded: allow its install script (npm: "allowScripts" in package.json) and run "npm rebuild sqlite3"`,
      { cause },
    );
  }
}

function pragmas({ durability, sizing }: ConnectionOptions): string {
  return [
    'PRAGMA journal_mode = WAL',
    `PRAGMA synchronous = ${durability ? 'FULL' : 'NORMAL'}`,
    // On macOS fsync alone does not reach the disk: https://sqlite.org/pragma.html#pragma_fullfsync
    ...(durability ? ['PRAGMA fullfsync = 1', 'PRAGMA checkpoint_fullfsync = 1'] : []),
    'PRAGMA temp_store = MEMORY',
    `PRAGMA wal_autocheckpoint = ${sizing.walAutocheckpoint}`,
    `PRAGMA journal_size_limit = ${sizing.journalSizeLimit}`,
    `PRAGMA cache_size = ${sizing.cacheSize}`,
    `PRAGMA mmap_size = ${sizing.mmapSize}`,
  ].join(';\n');
}
