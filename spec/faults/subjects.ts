/** What the harnesses write to: the library, and a bare driver program that does it right or, as a control, wrong. */
import { open, type Database, type Statement } from 'sqlite';
import sqlite3 from 'sqlite3';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchOperation, SqliteCollection, SqliteManager, SqliteState } from '../../lib/index';
import type { CommitStep } from '../../lib/sqlite/fence';
import { openManager } from '../../lib/sqlite/manager';
import { digest, EVENTS, eventRow, SNAPSHOTS, snapshotRow, type Operation, type Rows, type Write } from './history';

export interface Subject {
  /** Resolves when the write is acknowledged. */
  apply(write: Write): Promise<void>;
  /** A write that changes nothing. */
  writeNothing(): Promise<void>;
  /** All rows, as this process reads them. */
  view(): Promise<Rows>;
  /** Begins a long read and leaves it open. */
  linger(): Promise<void>;
  stop(): Promise<void>;
}

export type SubjectOptions =
  | { kind: 'library'; durability: boolean; flaw?: 'unfenced' }
  | { kind: 'bare'; synchronous: 'FULL' | 'NORMAL' | 'OFF'; flaw?: Flaw };

/**
 * How the library would be wrong whose fence writes nothing, and how a bare program can be wrong: it acknowledges at once and commits every eighth write, commits the operations of a batch one by one, goes on with a
 * batch after an error and takes the last answer for the outcome, reads in a transaction before it writes, takes a failing commit for
 * a success, or keeps a prepared statement as an error has left it.
 */
export type Flaw = 'early' | 'piecemeal' | 'undeterred' | 'deferred' | 'deaf' | 'unreset';

export function openSubject(directory: string, options: SubjectOptions, actors: readonly string[]): Promise<Subject> {
  return options.kind === 'library' ? openLibrary(directory, options, actors) : openBare(directory, options);
}

/** A fence that passes without its commit: nothing of it reaches the file. */
const unfenced: CommitStep = (step, what) => (what === 'fence' ? (Promise.resolve() as Promise<never>) : step());

async function openLibrary(
  directory: string,
  { durability, flaw }: SubjectOptions & { kind: 'library' },
  actors: readonly string[],
): Promise<Subject> {
  const options = { durability, spec: 'nano' } as const;
  const manager = await openManager(directory, options, flaw === undefined ? {} : { commitStep: unfenced });
  try {
    return await librarySubject(manager, actors);
  } catch (error) {
    await manager.stop().catch(() => undefined);
    throw error;
  }
}

/** A manager that is open already, with handles for its actors. */
export async function librarySubject(manager: SqliteManager, names: readonly string[]): Promise<Subject> {
  const actors = new Map<string, { events: SqliteCollection; snapshot: SqliteState }>();
  for (const actor of names) {
    const events = await manager.createCollection(EVENTS, actor);
    actors.set(actor, { events, snapshot: await manager.createState(SNAPSHOTS, actor) });
  }
  return new LibrarySubject(manager, actors);
}

class LibrarySubject implements Subject {
  private lingering: unknown;

  constructor(
    private readonly manager: SqliteManager,
    private readonly actors: ReadonlyMap<string, { events: SqliteCollection; snapshot: SqliteState }>,
  ) {}

  apply({ operations }: Write): Promise<void> {
    const [operation] = operations as [Operation];
    if (operations.length > 1) return this.manager.writeBatch(operations.map((step) => this.step(step)));
    const { events, snapshot } = this.actors.get(operation.actor)!;
    switch (operation.type) {
      case 'put':
        return events.put(operation.key, operation.data);
      case 'insert':
        return events.insert(operation.key, operation.data);
      case 'del':
        return events.del(operation.key);
      case 'delRange':
        return events.delRange(operation.start, operation.end);
      case 'snapshot':
        return snapshot.put(operation.data);
    }
  }

  writeNothing(): Promise<void> {
    return this.first.delRange('~', '~');
  }

  async linger(): Promise<void> {
    const iterator = await this.first.iter({ consistent: true });
    await iterator.next();
    this.lingering = iterator;
  }

  async view(): Promise<Rows> {
    const rows: Rows = new Map();
    for (const [actor, { events, snapshot }] of this.actors) {
      for await (const [key, value] of events.iter()) rows.set(eventRow(actor, key), digest(value));
      const value = await snapshot.find();
      if (value !== undefined) rows.set(snapshotRow(actor), digest(value));
    }
    return rows;
  }

  stop(): Promise<void> {
    return this.manager.stop();
  }

  private get first(): SqliteCollection {
    const [first] = [...this.actors.values()];
    return first!.events;
  }

  private step(operation: Operation): BatchOperation {
    const { events, snapshot } = this.actors.get(operation.actor)!;
    if (operation.type === 'snapshot') return { type: 'put', target: snapshot, data: operation.data };
    return { ...operation, target: events };
  }
}

async function openBare(directory: string, options: SubjectOptions & { kind: 'bare' }): Promise<Subject> {
  mkdirSync(directory, { recursive: true });
  const database = await open({ filename: join(directory, 'database.db'), driver: sqlite3.Database });
  await database.exec(`PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=${options.synchronous};`);
  await database.exec(
    `CREATE TABLE IF NOT EXISTS ${EVENTS} (prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn));
     CREATE TABLE IF NOT EXISTS ${SNAPSHOTS} (prefix TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix));`,
  );
  return new BareSubject(database, options.flaw);
}

class BareSubject implements Subject {
  private last: Promise<unknown> = Promise.resolve();
  private uncommitted = 0;
  private readonly kept: Record<string, Statement> = {};

  constructor(
    private readonly database: Database,
    private readonly flaw: Flaw | undefined,
  ) {}

  apply(write: Write): Promise<void> {
    const turn = this.last.then(() => this.write(write));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  writeNothing(): Promise<void> {
    return this.database.exec(`DELETE FROM ${EVENTS} WHERE prefix = ''`);
  }

  view(): Promise<Rows> {
    return rowsOf(this.database);
  }

  linger(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.last;
    if (this.uncommitted > 0) await this.database.exec('COMMIT');
    await this.database.close();
  }

  private write({ operations }: Write): Promise<void> {
    switch (this.flaw) {
      case 'early':
        return this.writeEarly(operations);
      case 'piecemeal':
        return this.performAll(operations);
      case 'undeterred':
        return this.writeUndeterred(operations);
      case 'deferred':
        return this.transaction('BEGIN; SELECT count(*) FROM sqlite_schema', operations);
      case 'deaf':
        return this.transaction('BEGIN IMMEDIATE', operations).catch(() => undefined);
      case 'unreset':
        return this.writeKept(operations);
      case undefined:
        return this.transaction('BEGIN IMMEDIATE', operations);
    }
  }

  private async transaction(begin: string, operations: readonly Operation[]): Promise<void> {
    await this.database.exec(begin);
    try {
      await this.performAll(operations);
      await this.database.exec('COMMIT');
    } catch (error) {
      await this.database.exec('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async writeEarly(operations: readonly Operation[]): Promise<void> {
    if (this.uncommitted++ === 0) await this.database.exec('BEGIN IMMEDIATE');
    await this.performAll(operations);
    if (this.uncommitted < 8) return;
    await this.database.exec('COMMIT');
    this.uncommitted = 0;
  }

  private async writeKept(operations: readonly Operation[]): Promise<void> {
    const [operation] = operations;
    if (operations.length > 1 || operation?.type !== 'put') return this.transaction('BEGIN IMMEDIATE', operations);
    const { actor, key, data } = operation;
    const verb = data.length % 2 === 0 ? 'INSERT OR REPLACE' : 'REPLACE';
    const kept = (this.kept[verb] ??= await this.database.prepare(`${verb} INTO ${EVENTS} VALUES (?, ?, ?)`));
    await kept.run(actor, key, data);
  }

  private async writeUndeterred(operations: readonly Operation[]): Promise<void> {
    let outcome: unknown;
    const remember = (error: unknown): void => void (outcome = error);
    await this.database.exec('BEGIN IMMEDIATE').catch(remember);
    for (const operation of operations) await this.perform(operation).catch(remember);
    await this.database.exec('COMMIT').catch(remember);
    if (outcome !== undefined) throw outcome as Error;
  }

  private async performAll(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) await this.perform(operation);
  }

  private async perform(operation: Operation): Promise<void> {
    const { actor } = operation;
    switch (operation.type) {
      case 'put':
      case 'insert':
        await this.database.run(
          `INSERT OR REPLACE INTO ${EVENTS} VALUES (?, ?, ?)`,
          actor,
          operation.key,
          operation.data,
        );
        return;
      case 'del':
        await this.database.run(`DELETE FROM ${EVENTS} WHERE prefix = ? AND sn = ?`, actor, operation.key);
        return;
      case 'delRange': {
        const range = `DELETE FROM ${EVENTS} WHERE prefix = ? AND sn BETWEEN ? AND ?`;
        await this.database.run(range, actor, operation.start, operation.end);
        return;
      }
      case 'snapshot':
        await this.database.run(`INSERT OR REPLACE INTO ${SNAPSHOTS} VALUES (?, ?)`, actor, operation.data);
        return;
    }
  }
}

/**
 * An empty file with small pages: automatic checkpoints, which come after so many pages, come early. A store is whatever SQLite file is
 * there.
 */
export async function makeSmallPaged(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const database = await open({ filename: join(directory, 'database.db'), driver: sqlite3.Database });
  await database.exec('PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA user_version = 1');
  await database.close();
}

/** All rows that a connection sees. A store that nobody could make yet has none. */
export async function rowsOf(database: Database): Promise<Rows> {
  const rows: Rows = new Map();
  const tables = (await database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")).map(
    ({ name }: { name: string }) => name,
  );
  if (tables.includes(EVENTS)) {
    const events: { prefix: string; sn: string; value: Buffer }[] = await database.all(`SELECT * FROM ${EVENTS}`);
    for (const { prefix, sn, value } of events) rows.set(eventRow(prefix, sn), digest(value));
  }
  if (tables.includes(SNAPSHOTS)) {
    const snapshots: { prefix: string; value: Buffer }[] = await database.all(`SELECT * FROM ${SNAPSHOTS}`);
    for (const { prefix, value } of snapshots) rows.set(snapshotRow(prefix), digest(value));
  }
  return rows;
}
