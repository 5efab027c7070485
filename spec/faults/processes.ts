/** Starting, killing and awaiting the processes that harnesses work with. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundle } from '../support/bundle';
import type { Parts } from './process/child';

/** A child that has not ended by itself after this time hangs. */
const PATIENCE_MS = 90_000;

/** A directory of a harness run, with the bundled child in it. */
export class Workshop {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'ave-faults-')));
  readonly child = bundle('spec/faults/process/child.ts', this.root);
  #count = 0;

  /** A new empty directory. */
  directory(): string {
    const directory = join(this.root, `${this.#count++}`);
    mkdirSync(directory);
    return directory;
  }

  /** Removes a directory that is done with: a run has thousands of them. */
  discard(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
  }

  /** Runs a part of child.ts and gives what it said. */
  run<Part extends keyof Parts>(part: Part, options: Parts[Part], how: HowToRun = {}): Promise<Ended> {
    const argv = [...(how.through ?? []), process.execPath, this.child, part, JSON.stringify(options)];
    return run(argv, how);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface HowToRun {
  environment?: NodeJS.ProcessEnv;
  /** A command line that the process is started through. */
  through?: string[];
  /** How long it may take. */
  patienceMs?: number;
  onStart?: (kill: () => void) => void;
  /** Sees every line as it comes, and may kill. */
  onLine?: (line: string, kill: () => void) => void;
}

export interface Ended {
  lines: string[];
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It did not end by itself. */
  hung: boolean;
}

function run([command, ...argv]: string[], how: HowToRun): Promise<Ended> {
  const hung = AbortSignal.timeout(how.patienceMs ?? PATIENCE_MS);
  const child = spawn(command!, argv, {
    env: { ...process.env, ...how.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: hung,
    killSignal: 'SIGKILL',
  });
  const lines: string[] = [];
  let stderr = '';
  const kill = (): void => void child.kill('SIGKILL');
  how.onStart?.(kill);
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    how.onLine?.(line, kill);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (!hung.aborted) reject(error);
    });
    child.once('close', (code, signal) => resolve({ lines, stderr, code, signal, hung: hung.aborted }));
  });
}

/** Runs a task for each item, so many at a time. */
export async function forEach<T>(items: Iterable<T>, width: number, task: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await task(next.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
