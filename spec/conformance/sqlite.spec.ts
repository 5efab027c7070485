import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { testBackend } from '../../lib/testing/index';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
const options = { durability: false };
let stores = 0;

function newDirectory(): string {
  return temporary.path(`store-${stores++}`);
}

/** What a process that is killed now leaves: its files, copied by another process. With `fs` this one would drop SQLite's locks. */
function copyFiles(from: string, to: string): void {
  const script = 'const [from, to] = process.argv.slice(1); require("node:fs").cpSync(from, to, { recursive: true })';
  execFileSync(process.execPath, ['-e', script, from, to]);
}

testBackend({
  name: 'SqliteManager',
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
});
