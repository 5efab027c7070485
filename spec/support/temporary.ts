import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { open as openConnection, type Database } from 'sqlite';
import sqlite3 from 'sqlite3';
import { SqliteManager, type SqliteManagerOptions } from '../../lib/index';

/** What a spec works in: a directory of its own, and whatever it opened there, which is ended for it. */
export interface Temporary {
  /** A path inside this spec's directory. */
  path(...names: string[]): string;
  /** A manager, relaxed unless said otherwise, that is stopped when the spec ends. */
  open(options?: SqliteManagerOptions, directory?: string | URL): Promise<SqliteManager>;
  /** As `open`, for a manager that was made in another way. */
  adopt(manager: SqliteManager): SqliteManager;
  /** A second connection of the same driver, closed when the spec ends: how a spec looks at a file that a manager has open. */
  connect(file: string, mode?: number): Promise<Database>;
  /** Closes a connection before the spec ends. */
  disconnect(connection: Database): Promise<void>;
}

/**
 * Gives every spec of the file a temporary directory. When a spec ends its connections are closed and its managers stopped; each
 * directory that a manager worked in must then hold `database.db` and nothing else.
 */
export function useTemporary(): Temporary {
  let directory = '';
  let managers: SqliteManager[] = [];
  const connections = new Set<Database>();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'));
    managers = [];
  });

  afterEach(async () => {
    try {
      for (const connection of connections) await disconnect(connection);
      await Promise.all(managers.map((manager) => manager.stop()));
      for (const { path } of managers) expect(readdirSync(dirname(path))).toEqual(['database.db']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  const disconnect = async (connection: Database): Promise<void> => {
    connections.delete(connection);
    await connection.close();
  };

  const adopt = (manager: SqliteManager): SqliteManager => {
    managers.push(manager);
    return manager;
  };

  return {
    path: (...names) => join(directory, ...names),
    adopt,
    async open(options, target = join(directory, 'store')) {
      return adopt(await SqliteManager.open(target, { durability: false, ...options }));
    },
    async connect(filename, mode = sqlite3.OPEN_READWRITE) {
      const connection = await openConnection({ filename, mode, driver: sqlite3.Database });
      connections.add(connection);
      return connection;
    },
    disconnect,
  };
}
