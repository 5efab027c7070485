import { existsSync, readdirSync } from 'node:fs';
import sqlite3 from 'sqlite3';
import type { Logger } from '../../lib/index';

/** What a logger was told. */
export interface LogRecord {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(): Logger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      void records.push({ level, fields, message });
  return { records, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A prepared statement that was run. */
export interface RecordedCall {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A connection of the driver that was recorded when it was opened, the SQL that was prepared on it, and what was run of it. */
export interface Recorded {
  readonly mode: number;
  readonly prepared: string[];
  readonly calls: RecordedCall[];
  /** The only column of the only row. Nothing else may be running on the connection. */
  value(sql: string): Promise<unknown>;
}

type Run = (parameters: readonly unknown[], callback: (error: Error | null) => void) => sqlite3.Statement;

/** Puts `wrap` around what runs a prepared statement. */
export function wrapRuns(statement: sqlite3.Statement, wrap: (run: Run) => Run): sqlite3.Statement {
  return Object.assign(statement, {
    all: wrap(statement.all.bind(statement) as Run),
    run: wrap(statement.run.bind(statement) as Run),
  });
}

/** What runs on these connections, all of them, until `work` has ended. */
export async function callsDuring(
  connections: readonly Recorded[],
  work: () => Promise<unknown>,
): Promise<RecordedCall[]> {
  for (const { calls } of connections) calls.length = 0;
  await work();
  return connections.flatMap(({ calls }) => calls);
}

/** Records the connections that each spec of the file opens. */
export function useRecordedConnections(): readonly Recorded[] {
  const recorded: Recorded[] = [];
  const { Database } = sqlite3;
  class RecordedDatabase extends Database {
    readonly prepared: string[] = [];
    readonly calls: RecordedCall[] = [];

    constructor(filename: string, mode: number, callback: (error: Error | null) => void) {
      super(filename, mode, callback);
      recorded.push({
        mode,
        prepared: this.prepared,
        calls: this.calls,
        value: (sql) =>
          new Promise((resolve, reject) => {
            this.all<object>(sql, (error, rows) =>
              error === null ? resolve(Object.values(rows[0] ?? {})[0]) : reject(error),
            );
          }),
      });
    }

    override prepare(sql: string, ...rest: never[]): sqlite3.Statement {
      this.prepared.push(sql);
      return wrapRuns(super.prepare(sql, ...rest), (run) => (parameters, callback) => {
        this.calls.push({ sql, parameters });
        return run(parameters, callback);
      });
    }
  }
  beforeEach(() => {
    recorded.length = 0;
    Object.assign(sqlite3, { Database: RecordedDatabase });
  });
  afterEach(() => void Object.assign(sqlite3, { Database }));
  return recorded;
}

const DESCRIPTORS = '/proc/self/fd';

/** Where the system shows a process its own descriptors. */
export const showsDescriptors = existsSync(DESCRIPTORS);

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync(DESCRIPTORS).length;
}
