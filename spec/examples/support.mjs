import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/** Runs `use` with a directory of its own, which is gone afterwards. */
export async function inDirectory(use) {
  const directory = await mkdtemp(join(tmpdir(), 'examples-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Starts a program of the examples. */
export function start(program, args = [], environment = {}) {
  return spawn(process.execPath, [join(examples, program), ...args], { env: { ...process.env, ...environment } });
}

/** Runs a program of the examples to its end. */
export async function run(program, args = []) {
  const child = start(program, args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

/** Starts a service and waits until it listens. */
export async function serve(program, directory, environment = {}) {
  const child = start(program, [directory], { PORT: '0', ...environment });
  const closed = once(child, 'close');
  const complaints = text(child.stderr);
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), closed]);
  const [url] = /http:\S+/.exec(String(line)) ?? [];
  if (url === undefined) throw new Error(`${program} did not start: ${await complaints}`);
  return {
    url,
    child,
    /** Sends a signal; resolves to the exit code, or the signal that ended it. */
    async end(signal) {
      child.kill(signal);
      const [code, endedBy] = await closed;
      return code ?? endedBy;
    },
  };
}

/** The names in a directory. */
export async function namesIn(directory) {
  return (await readdir(directory)).sort();
}
