/**
 * The synchronous driver: SQLite runs on the event loop's thread, so nothing crosses between threads, and nothing else happens meanwhile.
 * Once with a commit for each put, once with explicit transactions of up to 256 puts.
 */
import { join } from 'node:path';
import * as sql from './sqlite.mjs';

const PUTS_A_TRANSACTION = 256;

/** @type {import('./index.mjs').Contender} */
export const betterSqlite3 = {
  name: 'better-sqlite3',
  synchronous: true,
  open: openStore,
};

/** @type {import('./index.mjs').Contender} */
export const betterSqlite3Transactions = {
  name: 'better-sqlite3, transactions of 256',
  synchronous: true,
  writesOnly: true,
  async open(directory, durable) {
    const { load, putTransaction, get, count, close } = await openStore(directory, durable);
    return { load, putAll: putTransaction, get, count, close };
  },
};

async function openStore(directory, durable) {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(join(directory, 'better.db'));
  for (const pragma of sql.settings(durable)) database.exec(pragma);
  for (const table of sql.TABLES) database.exec(table);
  const putStatement = database.prepare(sql.PUT);
  const putSnapshot = database.prepare(sql.PUT_SNAPSHOT);
  const getStatement = database.prepare(sql.GET);
  const getSnapshot = database.prepare(sql.GET_SNAPSHOT);
  const last = database.prepare(sql.LAST);
  const scanStatement = database.prepare(sql.SCAN);
  const count = database.prepare(sql.COUNT);

  const put = ({ prefix, key, value }) => putStatement.run(prefix, key, value);
  const putAll = (entries) => {
    for (const entry of entries) put(entry);
  };
  const transaction = database.transaction(putAll);
  // No more puts can be gathered than there are callers.
  const putTransaction = (entries, inFlight) => {
    const size = Math.min(inFlight, PUTS_A_TRANSACTION);
    for (let i = 0; i < entries.length; i += size) transaction(entries.slice(i, i + size));
  };
  const get = ({ prefix, key }) => getStatement.get(prefix, key)?.value;
  const getAll = (wanted) => wanted.map(get);
  const scan = ({ prefix }, visit) => {
    for (const { sn, value } of scanStatement.iterate(prefix)) visit(sn, value);
  };
  return {
    load: database.transaction(putAll),
    put,
    putAll,
    putTransaction,
    putWithSnapshot: database.transaction((event) => {
      put(event);
      putSnapshot.run(event.prefix, event.value);
    }),
    get,
    getAll,
    getMany: getAll,
    last({ prefix }) {
      const row = last.get(prefix);
      return [row.sn, row.value];
    },
    scan,
    recover(actor, visit) {
      visit('', getSnapshot.get(actor.prefix).value);
      scan(actor, visit);
    },
    count: () => count.get().count,
    close: () => database.close(),
  };
}
