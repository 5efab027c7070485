/**
 * As much of a store as the services of examples/ use, on better-sqlite3: the same tables and settings, each call done at once on the thread of the
 * event loop. So both services run the same code down to the store.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { EntryExistsError } from '../../dist/index.mjs';
import * as sql from '../contenders/sqlite.mjs';

export function openStore(directory) {
  const database = new Database(join(directory, 'database.db'));
  for (const pragma of sql.settings(true)) database.exec(pragma);
  for (const table of sql.TABLES) database.exec(table);
  const insert = database.prepare('INSERT INTO events (prefix, sn, value) VALUES (?, ?, ?)');
  const page = database.prepare('SELECT sn, value FROM events WHERE prefix = ? AND sn >= ? ORDER BY sn LIMIT ? + 0');
  const putSnapshot = database.prepare(sql.PUT_SNAPSHOT);
  const getSnapshot = database.prepare(sql.GET_SNAPSHOT);

  const insertEvent = (prefix, key, data) => {
    try {
      insert.run(prefix, key, data);
    } catch (cause) {
      if (cause.code !== 'SQLITE_CONSTRAINT_PRIMARYKEY') throw cause;
      throw new EntryExistsError(`${prefix}.${key}`, key, { cause });
    }
  };
  const writeBatch = database.transaction((operations) => {
    for (const { type, target, key, data } of operations) {
      if (type === 'insert') insertEvent(target.prefix, key, data);
      else putSnapshot.run(target.prefix, data);
    }
  });

  return {
    createCollection: async (_table, prefix) => ({
      prefix,
      insert: async (key, data) => insertEvent(prefix, key, data),
      async *iterRange(start, _end, { limit = -1 } = {}) {
        for (const { sn, value } of page.all(prefix, start, limit)) yield [sn, value];
      },
    }),
    createState: async (_table, prefix) => ({ prefix, find: async () => getSnapshot.get(prefix)?.value }),
    writeBatch: async (operations) => writeBatch.immediate(operations),
    stop: async () => database.close(),
  };
}
