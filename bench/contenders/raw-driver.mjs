/** The driver that the library is built on, used the straightforward way: prepared statements, one for each call. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { byCallers } from '../callers.mjs';
import * as sql from './sqlite.mjs';

// The library's own copy: a second one in bench/node_modules belongs to a peer.
const require = createRequire(new URL('../../package.json', import.meta.url));

const ROWS_A_LOAD = 100;

/** @type {import('./index.mjs').Contender} */
export const rawDriver = {
  name: 'raw driver',
  async open(directory, durable) {
    const { open } = require('sqlite');
    const { Database } = require('sqlite3');
    const database = await open({ filename: join(directory, 'raw.db'), driver: Database });
    await database.exec([...sql.settings(durable), ...sql.TABLES].join(';'));
    const prepared = [];
    const prepare = async (text) => {
      const statement = await database.prepare(text);
      prepared.push(statement);
      return statement;
    };
    const putStatement = await prepare(sql.PUT);
    const putSnapshot = await prepare(sql.PUT_SNAPSHOT);
    const putMany = await prepare(sql.putMany(ROWS_A_LOAD));
    const getStatement = await prepare(sql.GET);
    const getSnapshot = await prepare(sql.GET_SNAPSHOT);
    const getMany = await prepare(sql.GET_MANY);
    const last = await prepare(sql.LAST);
    const page = await prepare(sql.PAGE);
    const begin = await prepare('BEGIN IMMEDIATE');
    const commit = await prepare('COMMIT');

    const put = ({ prefix, key, value }) => putStatement.run(prefix, key, value);
    const get = async ({ prefix, key }) => (await getStatement.all(prefix, key))[0]?.value;
    const scan = async ({ prefix }, visit) => {
      let after = '';
      for (;;) {
        const rows = await page.all(prefix, after);
        for (const { sn, value } of rows) visit(sn, value);
        if (rows.length < sql.PAGE_ROWS) return;
        after = rows.at(-1).sn;
      }
    };
    return {
      async load(entries) {
        await begin.run();
        const whole = entries.length - (entries.length % ROWS_A_LOAD);
        for (let i = 0; i < whole; i += ROWS_A_LOAD) {
          await putMany.run(
            entries.slice(i, i + ROWS_A_LOAD).flatMap(({ prefix, key, value }) => [prefix, key, value]),
          );
        }
        for (const entry of entries.slice(whole)) await put(entry);
        await commit.run();
      },
      put,
      putAll: (entries, inFlight) => byCallers(inFlight, entries, put),
      async putWithSnapshot({ prefix, key, value }) {
        await begin.run();
        await putStatement.run(prefix, key, value);
        await putSnapshot.run(prefix, value);
        await commit.run();
      },
      get,
      getAll: (wanted, inFlight) => byCallers(inFlight, wanted, get),
      async getMany(wanted) {
        const keys = wanted.map(({ key }) => key);
        const rows = await getMany.all(wanted[0].prefix, JSON.stringify(keys));
        const values = new Map(rows.map(({ sn, value }) => [sn, value]));
        return keys.map((key) => values.get(key));
      },
      async last({ prefix }) {
        const [row] = await last.all(prefix);
        return [row.sn, row.value];
      },
      scan,
      async recover(actor, visit) {
        const [{ value }] = await getSnapshot.all(actor.prefix);
        visit('', value);
        await scan(actor, visit);
      },
      count: async () => (await database.get(sql.COUNT)).count,
      async close() {
        for (const statement of prepared) await statement.finalize();
        await database.close();
      },
    };
  },
};
