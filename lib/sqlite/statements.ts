/** Every SQL text of the library. Table names have passed `checkIdentifier`, so quoting them is enough. */
import { endOf, FOREIGN, PACKED } from './packing';

/** What one statement does to rows of one table. */
export type Action = 'put' | 'insert' | 'del' | 'delRange' | 'purge';

/** A table and its shape: a state has one row for each prefix, a collection has one for each key of each prefix. */
export interface Table {
  readonly name: string;
  readonly shape: Shape;
}
export type Shape = 'collection' | 'state';

export const BEGIN = 'BEGIN IMMEDIATE';
/** Freezes nothing yet: the first read does. */
export const BEGIN_READ = 'BEGIN';
export const COMMIT = 'COMMIT';
export const ROLLBACK = 'ROLLBACK';

/** Ordinary rowid tables: WITHOUT ROWID is slower and larger from 1 KiB values on. */
export function createTable({ name, shape }: Table): string {
  return shape === 'state'
    ? `CREATE TABLE IF NOT EXISTS "${name}" (prefix TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix))`
    : `CREATE TABLE IF NOT EXISTS "${name}" (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn))`;
}

/** The text that a table (or a view) was made with; none when there is no such table. */
export const READ_DEFINITION = `
  SELECT sql AS definition FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')`;

/** The columns of a table by position, with their place in the primary key and its collation; none when there is no such table. */
export const DESCRIBE_TABLE = `
  SELECT o.sql AS definition, o.type AS kind, c.name AS name, upper(c.type) AS type, c."notnull" AS required, c.pk AS pk,
    (SELECT k.coll FROM pragma_index_list(o.name) AS i, pragma_index_xinfo(i.name) AS k
      WHERE i.origin = 'pk' AND k.key AND k.name = c.name) AS collation
  FROM sqlite_schema AS o LEFT JOIN pragma_table_xinfo(o.name) AS c
  WHERE o.name = ?1 COLLATE NOCASE AND o.type IN ('table', 'view') ORDER BY c.cid`;

/** Where a write takes its row from. */
interface Source {
  readonly prefix: string;
  readonly key: string;
  /** The value, or the end of a range. */
  readonly last: string;
  /** What the three are selected from; undefined when they are one row's values. */
  readonly from: string | undefined;
}

const LONE: Source = { prefix: '?1', key: '?2', last: '?3', from: undefined };
const NEW_ROW: Source = { prefix: 'NEW.prefix', key: 'NEW.sn', last: 'NEW.last', from: undefined };

/** Writes one row: `?1` prefix, `?2` key or start, `?3` value or end. A state binds its value as `?2`. */
export function writeOne(table: Table, action: Action): string {
  return write(table, action, table.shape === 'state' ? { ...LONE, last: '?2' } : LONE);
}

/** Writes many rows in their order: `?1` words, and `?2` bytes where the action has any. A duplicate key fails an insert as a whole. */
export function writePacked(table: Table, action: Action): string {
  return write(table, action, PACKED);
}

/** As `writePacked` for `insert` and `del`, but skips what is there already or missing, and returns the rows that it did write. */
export function writeReturning(table: Table, action: 'insert' | 'del'): string {
  // With its target: a constraint made from outside must not pass for an entry that exists.
  const skip = action === 'insert' ? ` ON CONFLICT (${keyOf(table)}) DO NOTHING` : '';
  return `${write(table, action, PACKED)}${skip} RETURNING prefix${table.shape === 'collection' ? ', sn AS key' : ''}`;
}

function keyOf({ shape }: Table): string {
  return shape === 'collection' ? 'prefix, sn' : 'prefix';
}

function write({ name, shape }: Table, action: Action, source: Source): string {
  const collection = shape === 'collection';
  const key = keyOf({ name, shape });
  const keyValues = collection ? `${source.prefix}, ${source.key}` : source.prefix;
  const from = source.from === undefined ? '' : ` FROM ${source.from}`;
  switch (action) {
    case 'put':
    case 'insert': {
      const replace = action === 'put' ? ` ON CONFLICT (${key}) DO UPDATE SET value = excluded.value` : '';
      // The WHERE tells SQLite that ON CONFLICT belongs to no join: https://sqlite.org/lang_upsert.html#parsing_ambiguity
      const rows =
        source.from === undefined
          ? `VALUES (${keyValues}, ${source.last})`
          : `SELECT ${keyValues}, ${source.last}${from} WHERE true`;
      // ABORT: the table may have been made with another conflict clause.
      return `INSERT OR ABORT INTO "${name}" (${key}, value) ${rows}${replace}`;
    }
    case 'del':
      return source.from === undefined
        ? `DELETE FROM "${name}" WHERE prefix = ${source.prefix}${collection ? ` AND sn = ${source.key}` : ''}`
        : `DELETE FROM "${name}" WHERE (${key}) IN (SELECT ${keyValues}${from})`;
    case 'delRange': {
      const end = source === LONE ? source.last : endOf(source.last);
      return source.from === undefined
        ? `DELETE FROM "${name}" WHERE prefix = ${source.prefix} AND sn >= ${source.key} AND sn <= ${end}`
        : `DELETE FROM "${name}" WHERE (prefix, sn) IN (SELECT t.prefix, t.sn FROM ${source.from} CROSS JOIN "${name}" AS t
            WHERE t.prefix = ${source.prefix} AND t.sn >= ${source.key} AND t.sn <= ${end})`;
    }
    case 'purge': {
      if (source.from === undefined) return `DELETE FROM "${name}" WHERE prefix = ${source.prefix}`;
      if (!collection) return `DELETE FROM "${name}" WHERE prefix IN (SELECT ${source.prefix}${from})`;
      // From the words to the rows: with few and long logs SQLite would rather look at every row for its prefix.
      return `DELETE FROM "${name}" WHERE (prefix, sn) IN (SELECT t.prefix, t.sn FROM ${source.from} CROSS JOIN "${name}" AS t
          WHERE t.prefix = ${source.prefix})`;
    }
  }
}

/** Something that a dispatch statement can do. */
export interface DispatchTarget {
  readonly table: Table;
  readonly action: Action;
}

/**
 * A statement that writes rows of several tables, each row in its turn: an INSERT into a TEMP view whose triggers do what the row's action
 * says. Nothing of it is in the file. A del that finds nothing and an insert that finds something fail the statement as a whole.
 */
export function dispatch(view: string, targets: readonly DispatchTarget[]): Dispatch {
  const triggers = targets.map(({ table, action }, i) => {
    const refusal = action === 'del' ? ` SELECT RAISE(ABORT, 'missing') WHERE changes() = 0;` : '';
    return `CREATE TEMP TRIGGER "${view} ${i}" INSTEAD OF INSERT ON "${view}" WHEN NEW.action = ${i}
      BEGIN ${write(table, action, NEW_ROW)};${refusal} END;`;
  });
  return {
    create: `CREATE TEMP VIEW "${view}" AS SELECT 0 AS action, '' AS prefix, '' AS sn, x'' AS last;${triggers.join('')}`,
    drop: `DROP VIEW temp."${view}"`,
    writeFew: (actions) =>
      `INSERT INTO temp."${view}" VALUES ${actions.map((i) => rowOf(targets[i] as DispatchTarget, i)).join()}`,
    writePacked: `INSERT INTO temp."${view}" SELECT ${PACKED.action}, ${PACKED.prefix}, ${PACKED.key}, ${PACKED.last} FROM ${PACKED.from}`,
  };
}

export interface Dispatch {
  readonly create: string;
  readonly drop: string;
  /** Rows with these actions, their parameters one after the other as for `writeOne`: binding a few values costs less than packing them. */
  readonly writeFew: (actions: readonly number[]) => string;
  /** `?1` words, `?2` bytes. */
  readonly writePacked: string;
}

function rowOf({ table, action }: DispatchTarget, i: number): string {
  const key = table.shape === 'collection' && action !== 'purge' ? '?' : "''";
  const last = action === 'del' || action === 'purge' ? "''" : '?';
  return `(${i}, ?, ${key}, ${last})`;
}

/** The value of one entry: `?1` prefix, `?2` key. LIMIT 1 is implied by the primary key. */
export function readOne({ name, shape }: Table): string {
  return `SELECT value FROM "${name}" WHERE prefix = ?1${shape === 'collection' ? ' AND sn = ?2' : ''}`;
}

/**
 * The values of many entries as one row, in the order asked: `?1` is `{"prefix":["key",…],…}`, a prefix as often as it takes, or for a state
 * `["prefix",…]`; `?2` the largest value that is packed. A size is NULL where there is no entry; larger values and those that are no blob
 * give their size alone. A LEFT JOIN is never reordered: https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join
 */
export function readPacked({ name, shape }: Table): string {
  const asked =
    shape === 'collection'
      ? `json_each(?1) AS p CROSS JOIN json_each(p.value) AS k LEFT JOIN "${name}" AS t ON t.prefix = p.key AND t.sn = k.value`
      : `json_each(?1) AS p LEFT JOIN "${name}" AS t ON t.prefix = p.value`;
  return `SELECT json_group_array(size) AS sizes, CAST(group_concat(CASE WHEN size BETWEEN 0 AND ?2 THEN value END, '') AS BLOB) AS bytes
    FROM (SELECT t.value AS value, CASE typeof(t.value) WHEN 'blob' THEN octet_length(t.value) WHEN 'null' THEN NULL ELSE ${FOREIGN} END AS size
      FROM ${asked})`;
}

/** Which way a scan runs, and from where. */
export interface Direction {
  readonly reverse: boolean;
  /** At its first key, after it, or at it but with an empty value in the place of that key's own. */
  readonly start: 'at' | 'after' | 'anchored';
  /** Nothing ends the range at the greatest key: not even a blob, which no bound is greater than. */
  readonly toTheTop: boolean;
}

/** With its bytes: a key that is not valid UTF-8 (written from outside) comes out as another one. */
const KEY_AS_IT_IS = 'sn AS key, CAST(sn AS BLOB) AS keyBytes';

/** `?1` prefix, `?2` the key to start from, `?3` the last key of the range. */
function range({ name }: Table, { reverse, start, toTheTop }: Direction): string {
  const equal = start === 'after' ? '' : '=';
  if (reverse) {
    const top = toTheTop && start !== 'after' ? '?2 IS NOT NULL' : `sn <${equal} ?2`;
    return `FROM "${name}" WHERE prefix = ?1 AND ${top} AND sn >= ?3 ORDER BY sn DESC`;
  }
  const top = toTheTop ? '?3 IS NOT NULL' : 'sn <= ?3';
  return `FROM "${name}" WHERE prefix = ?1 AND sn >${equal} ?2 AND ${top} ORDER BY sn`;
}

/**
 * The planner looks at the value of a LIMIT, so a statement with a parameter alone there is compiled anew each time it is bound, which takes longer
 * than reading a hundred rows: https://sqlite.org/c3ref/prepare.html
 */
function limit(parameter: string): string {
  return `LIMIT ${parameter} + 0`;
}

function valueOf({ start }: Direction): string {
  return start === 'anchored' ? "CASE sn WHEN ?2 THEN x'' ELSE value END" : 'value';
}

/** Of a column alone, SQLite knows the length without reading it. */
function sizeOf({ start }: Direction): string {
  return start === 'anchored' ? 'CASE sn WHEN ?2 THEN 0 ELSE octet_length(value) END' : 'octet_length(value)';
}

/** The next entry of a range as it is. */
export function readNext(table: Table, direction: Direction): string {
  return `SELECT ${KEY_AS_IT_IS}, ${valueOf(direction)} AS value ${range(table, direction)} LIMIT 1`;
}

/**
 * The next `?4` entries of a range as one row. An entry whose key and value together exceed `?5` bytes (a key counts sixfold, as its characters may in
 * JSON), or that is no text with a blob, has no key and no bytes, only a size, and its value is not read. Comparisons, which sort text before blobs and
 * blobs last, are cheaper than `typeof`.
 */
export function readPage(table: Table, direction: Direction): string {
  const [value, size] = [valueOf(direction), sizeOf(direction)];
  return `SELECT json_group_array(CASE WHEN packed IS NOT NULL THEN sn END) AS keys, json_group_array(size) AS sizes,
      CAST(group_concat(packed, '') AS BLOB) AS bytes
    FROM (SELECT sn, ${size} AS size, CASE WHEN ${size} + 6 * octet_length(sn) <= ?5 AND sn < x'' AND ${value} >= x'' THEN ${value} END AS packed
      ${range(table, direction)} ${limit('?4')})`;
}

/** The greatest entry of an actor: `?1` prefix. */
export function readLast({ name }: Table): string {
  return `SELECT ${KEY_AS_IT_IS}, value FROM "${name}" WHERE prefix = ?1 ORDER BY sn DESC LIMIT 1`;
}

/**
 * The next `?2` prefixes of a table after (or, inclusive, from) `?1`, one seek for each. DISTINCT would step over every row of every actor.
 */
export function readPrefixes(name: string, inclusive: boolean): string {
  return `WITH RECURSIVE actors (prefix) AS (
      SELECT min(prefix) FROM "${name}" WHERE prefix >${inclusive ? '=' : ''} ?1
      UNION ALL SELECT (SELECT min(t.prefix) FROM "${name}" AS t WHERE t.prefix > actors.prefix) FROM actors WHERE actors.prefix IS NOT NULL
      ${limit('?2')})
    SELECT prefix, CAST(prefix AS BLOB) AS bytes FROM actors WHERE prefix IS NOT NULL`;
}

/** Freezes the moment that a read transaction sees: https://sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions */
export const FREEZE = 'SELECT count(*) FROM sqlite_schema';

export const READ_ENCODING = 'PRAGMA encoding';
export const READ_VERSION = 'SELECT sqlite_version() AS version';
export const READ_PAGE_SIZE = 'PRAGMA page_size';
export const READ_JOURNAL_MODE = 'PRAGMA journal_mode';
export const READ_USER_VERSION = 'PRAGMA user_version';
/** Setting it writes a page even when the value stays the same, unlike BEGIN IMMEDIATE with COMMIT or a DELETE of nothing. */
export function writeUserVersion(version: number): string {
  return `PRAGMA user_version = ${version}`;
}

/** For maintenance that others should not wait for; container runtimes end a process after 10 s. */
export const SHORT_BUSY_TIMEOUT_MS = 250;
export function setBusyTimeout(ms: number): string {
  return `PRAGMA busy_timeout = ${ms}`;
}

/** With the 0x10 bit, which limits the analysis: https://sqlite.org/pragma.html#pragma_optimize */
export const OPTIMIZE_AT_OPEN = 'PRAGMA optimize = 0x10012';
export const OPTIMIZE_AT_STOP = 'PRAGMA optimize';
export const CHECKPOINT = 'PRAGMA wal_checkpoint(TRUNCATE)';
export const VACUUM_INTO = 'VACUUM INTO ?1';
