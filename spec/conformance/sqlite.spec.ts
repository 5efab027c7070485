import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SqliteManager, SqliteManagerOptions } from '../../lib/index';
import { testBackend, type Backend } from '../../lib/testing/index';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
let stores = 0;

function newDirectory(): string {
  return temporary.path(`store-${stores++}`);
}

/** What a process that is killed now leaves: its files, copied by another process. With `fs` this one would drop SQLite's locks. */
function copyFiles(from: string, to: string): void {
  const script = 'const [from, to] = process.argv.slice(1); require("node:fs").cpSync(from, to, { recursive: true })';
  execFileSync(process.execPath, ['-e', script, from, to]);
}

function backend(name: string, options: SqliteManagerOptions): Backend<SqliteManager> {
  return {
    name,
    open: () => temporary.open(options, newDirectory()),
    reopen: (stopped) => temporary.open(options, dirname(stopped.path)),
    killed: (running) => {
      const directory = newDirectory();
      copyFiles(dirname(running.path), directory);
      return temporary.open(options, directory);
    },
    backup: async (running) => {
      const directory = newDirectory();
      mkdirSync(directory);
      await running.backup(join(directory, 'database.db'));
      return temporary.open(options, directory);
    },
    consistentIterations: true,
    pageEntries: 1024,
  };
}

testBackend(backend('SqliteManager, relaxed', { durability: false }));
testBackend(backend('SqliteManager, durable, one reader', { durability: true, readers: 1 }));
