import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteManager } from 'ave-actors-sqlite';

/**
 * Opens a store that is there already: a wrong path is an error, not a new store.
 * @param {string | undefined} directory
 */
export async function openExisting(directory) {
  if (directory === undefined) throw new Error('which directory?');
  // Looking at the file's entry is harmless; opening the file in this process by other means would break SQLite's locks.
  if (!existsSync(join(directory, 'database.db'))) throw new Error(`there is no store in ${directory}`);
  return SqliteManager.open(directory);
}
