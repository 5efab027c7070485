import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** The directory of package.json, from wherever inside it this runs, bundled or not. */
export function projectRoot(): string {
  let directory = process.cwd();
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

/**
 * Makes one CommonJS file in `directory` out of a TypeScript program, given by its path from the project's root, for a process of its own.
 * The driver stays outside: its native part is found through a link to node_modules.
 */
export function bundle(program: string, directory: string): string {
  const root = projectRoot();
  const file = join(directory, `${basename(program, '.ts')}.cjs`);
  const rolldown = join(root, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  const options = ['--platform', 'node', '--format', 'cjs', '--external', 'sqlite3', '--external', 'sqlite'];
  execFileSync(process.execPath, [rolldown, resolve(root, program), '--file', file, ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const modules = join(directory, 'node_modules');
  if (!existsSync(modules)) symlinkSync(join(root, 'node_modules'), modules);
  return file;
}
