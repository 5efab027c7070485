import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const running = new Set<ChildProcess>();

// A spec that failed did not end its children, and jest would wait for them.
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a script in a process of its own, from the repository's root, and gives what it wrote to stdout. */
export async function runChild(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, ['-e', script, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** The rows that a process of its own reads with the bare driver. Values must be JSON: ask for `hex(value)`. */
export async function queryFromOutside<Row = unknown>(file: string, sql: string): Promise<Row[]> {
  const script = `
    const { Database, OPEN_READWRITE } = require('sqlite3');
    const [file, sql] = process.argv.slice(1);
    const database = new Database(file, OPEN_READWRITE, (failure) => {
      if (failure) throw failure;
      database.all(sql, (error, rows) => {
        if (error) throw error;
        process.stdout.write(JSON.stringify(rows));
        database.close();
      });
    });`;
  return JSON.parse(await runChild(script, file, sql)) as Row[];
}

/** Runs SQL in a process of its own with the bare driver. */
export async function executeFromOutside(file: string, sql: string): Promise<void> {
  const script = `
    const { Database } = require('sqlite3');
    const [file, sql] = process.argv.slice(1);
    const database = new Database(file, (failure) => {
      if (failure) throw failure;
      database.exec(sql, (error) => {
        if (error) throw error;
        database.close();
      });
    });`;
  await runChild(script, file, sql);
}

/** A child process that a spec talks to: one line in, one line out. */
export interface Child {
  /** The next line that the child writes. */
  line(): Promise<string>;
  tell(line: string): void;
  /** Ends the child's input, and gives the exit code that it ends with. */
  end(): Promise<number | null>;
}

/** Starts a program, a file of JavaScript, in a process of its own. */
export function startProgram(program: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error('the child process ended without another line');
      return next.value;
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
    end() {
      child.stdin.end();
      return exited;
    },
  };
}
