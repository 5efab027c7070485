/** Reaches behind the library, to the driver's connections in this process, for limits that only a connection itself can be given. */
import sqlite3 from 'sqlite3';

/** Every connection that is opened from now on. Never undone: for a program that ends with its fault. */
export function recordConnections(): sqlite3.Database[] {
  const connections: sqlite3.Database[] = [];
  const Database = new Proxy(sqlite3.Database, {
    construct(target, argumentList: ConstructorParameters<typeof sqlite3.Database>): sqlite3.Database {
      const connection = new target(...argumentList);
      connections.push(connection);
      return connection;
    },
  });
  Object.defineProperty(sqlite3, 'Database', { value: Database });
  return connections;
}

/** The first row's first column. */
export function query(connection: sqlite3.Database, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.all<Record<string, unknown>>(sql, (error, rows) => {
      if (error === null) resolve(Object.values(rows[0] ?? {})[0]);
      else reject(error);
    });
  });
}

/**
 * Limits all memory that SQLite may take in this process: https://sqlite.org/pragma.html#pragma_hard_heap_limit. It can only be lowered
 * afterwards.
 */
export async function limitHeap(bytes: number): Promise<void> {
  const connection = new sqlite3.Database(':memory:');
  await query(connection, `PRAGMA hard_heap_limit = ${bytes}`);
  connection.close();
}
