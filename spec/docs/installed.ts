import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const root = resolve(__dirname, '../..');
export const library = 'ave-actors-sqlite';

/** The library's entry points: what follows its name in an import, and the source. */
export const entryPoints = Object.entries({
  '': 'lib/index.ts',
  '/memory': 'lib/memory/index.ts',
  '/testing': 'lib/testing/index.ts',
  '/fastify': 'lib/fastify/index.ts',
  '/driver': 'lib/driver.ts',
}).filter(([, source]) => existsSync(join(root, source)));

/**
 * Makes `directory` a project that can import the library, bundled from its sources, and all packages that are installed here. A process of
 * its own runs in it.
 */
export async function installLibrary(directory: string): Promise<void> {
  const packages = join(directory, 'node_modules');
  const home = join(packages, library);
  mkdirSync(home, { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== library) symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
  const outputs = entryPoints.map(([subpath, source]) => ({ subpath, source, name: subpath.slice(1) || 'index' }));
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({
      name: library,
      exports: Object.fromEntries(outputs.map(({ subpath, name }) => [`.${subpath}`, `./${name}.mjs`])),
    }),
  );
  const bundler = {
    input: Object.fromEntries(outputs.map(({ name, source }) => [name, source])),
    platform: 'node',
    external: ['sqlite3', 'sqlite', 'fastify', 'fastify-plugin'],
    output: { dir: home, format: 'esm', entryFileNames: '[name].mjs' },
  };
  const config = join(home, 'rolldown.config.mjs');
  writeFileSync(config, `export default ${JSON.stringify(bundler)}`);
  await promisify(execFile)(join(root, 'node_modules/.bin/rolldown'), ['-c', config], { cwd: root });
}
