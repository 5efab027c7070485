/** Keyv over SQLite, through the same callback driver: JSON text with the bytes in base64, a statement prepared for each call. */
import { join } from 'node:path';
import { byCallers } from '../callers.mjs';
import * as sql from './sqlite.mjs';

/** @type {import('./index.mjs').Contender} */
export const keyv = {
  name: '@keyv/sqlite',
  async open(directory, durable) {
    const [{ default: Keyv }, { KeyvSqlite }] = await Promise.all([import('keyv'), import('@keyv/sqlite')]);
    const store = new KeyvSqlite({ uri: `sqlite://${join(directory, 'keyv.db')}`, iterationLimit: 1000 });
    for (const pragma of sql.settings(durable)) await store.query(pragma);
    const map = new Keyv({ store, useKeyPrefix: false });

    const at = ({ prefix, key }) => `${prefix}/${key}`;
    const put = (entry) => map.set(at(entry), entry.value);
    const get = (entry) => map.get(at(entry));
    return {
      async load(entries) {
        await store.query('BEGIN');
        for (const entry of entries) await put(entry);
        await store.query('COMMIT');
      },
      put,
      putAll: (entries, inFlight) => byCallers(inFlight, entries, put),
      get,
      getAll: (wanted, inFlight) => byCallers(inFlight, wanted, get),
      getMany: (wanted) => map.getMany(wanted.map(at)),
      count: async () => (await store.query('SELECT count(*) AS count FROM keyv'))[0].count,
      close: () => map.disconnect(),
    };
  },
};
