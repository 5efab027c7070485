/** What the contenders on SQLite share: the tables and the settings are those of the library, so that only the way to SQLite differs. */

/** The library's profile, and what it sets for it. */
export const SPEC = 'medium';

export function settings(durable) {
  return [
    'PRAGMA journal_mode = WAL',
    `PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`,
    'PRAGMA temp_store = MEMORY',
    'PRAGMA wal_autocheckpoint = 8000',
    'PRAGMA journal_size_limit = 98304000',
    'PRAGMA cache_size = -82944',
    'PRAGMA mmap_size = 41943040',
  ];
}

export const TABLES = [
  'CREATE TABLE events (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn))',
  'CREATE TABLE snapshots (prefix TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix))',
];

const PUT_EVENTS = 'INSERT INTO events (prefix, sn, value) VALUES';
const REPLACE_EVENT = 'ON CONFLICT (prefix, sn) DO UPDATE SET value = excluded.value';

export const PUT = `${PUT_EVENTS} (?, ?, ?) ${REPLACE_EVENT}`;
/** Many rows in one statement. */
export function putMany(rows) {
  return `${PUT_EVENTS} ${Array(rows).fill('(?, ?, ?)').join()} ${REPLACE_EVENT}`;
}
export const PUT_SNAPSHOT =
  'INSERT INTO snapshots (prefix, value) VALUES (?, ?) ON CONFLICT (prefix) DO UPDATE SET value = excluded.value';
export const GET = 'SELECT value FROM events WHERE prefix = ? AND sn = ?';
export const GET_SNAPSHOT = 'SELECT value FROM snapshots WHERE prefix = ?';
export const GET_MANY = 'SELECT sn, value FROM events WHERE prefix = ? AND sn IN (SELECT value FROM json_each(?))';
export const LAST = 'SELECT sn, value FROM events WHERE prefix = ? ORDER BY sn DESC LIMIT 1';
export const SCAN = 'SELECT sn, value FROM events WHERE prefix = ? ORDER BY sn';
export const PAGE_ROWS = 1000;
export const PAGE = `SELECT sn, value FROM events WHERE prefix = ? AND sn > ? ORDER BY sn LIMIT ${PAGE_ROWS}`;
export const COUNT = 'SELECT count(*) AS count FROM events';
