/**
 * Builds dist/ out of lib/.
 *
 * There is one implementation, in CommonJS; the ES modules beside it re-export it by name. `import` and `require` so share every class and the
 * registry of open directories, whoever mixes them. Packages that are ES modules alone (p-queue) are part of the bundle.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

const entries = {
  index: 'lib/index.ts',
  'memory/index': 'lib/memory/index.ts',
  'testing/index': 'lib/testing/index.ts',
  'fastify/index': 'lib/fastify/index.ts',
  driver: 'lib/driver.ts',
};

rmSync(dist, { recursive: true, force: true });
const chunks = await bundle();
declare();
for (const { name, exports } of chunks.filter(({ isEntry }) => isEntry)) wrap(name, exports);
giveNotice(chunks);
check(chunks);

async function bundle() {
  const build = await rolldown({ cwd: root, input: entries, platform: 'node', external: ['sqlite', 'sqlite3'] });
  const { output } = await build.write({
    dir: dist,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    strict: true,
    sourcemap: true,
  });
  await build.close();
  return output.filter(({ type }) => type === 'chunk');
}

/** Declarations of what the entry points reach: the inside of the library, and the types that it uses there, stay out of the package. */
function declare() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
      reach(declarationOf(resolve(dirname(file), specifier)));
    }
  };
  for (const name of Object.keys(entries)) reach(join(dist, `${name}.d.ts`));
  for (const file of filesOf(dist, '.d.ts')) if (!reached.has(file)) rmSync(file);
  for (const name of Object.keys(entries)) {
    const file = join(dist, `${name}.d.ts`);
    // Buffer and AsyncDisposable are Node's; a project that lists no `types` does not load them by itself.
    writeFileSync(file, `/// <reference types="node" />\n${readFileSync(file, 'utf8')}`);
  }
}

function declarationOf(path) {
  return (
    filesOf(dist, '.d.ts').find((file) => file === `${path}.d.ts` || file === join(path, 'index.d.ts')) ??
    `${path}.d.ts`
  );
}

/** The ES module of an entry point and its declarations. */
function wrap(name, exports) {
  const module = `./${name.split('/').at(-1)}.js`;
  writeFileSync(
    join(dist, `${name}.mjs`),
    [
      `import implementation from '${module}';`,
      ...exports.map((key) => `export const ${key} = implementation.${key};`),
      '',
    ].join('\n'),
  );
  writeFileSync(join(dist, `${name}.d.mts`), `export * from '${module}';\n`);
}

/** The licences of the packages that are part of the bundle. */
function giveNotice(chunks) {
  const homes = new Set();
  for (const id of chunks.flatMap(({ moduleIds }) => moduleIds)) {
    const [home] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? [];
    if (home !== undefined) homes.add(home);
  }
  const notices = [...homes].sort().map((home) => {
    const { name, version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const text = readdirSync(home).find((file) => /^licen[cs]e(\.md|\.txt)?$/i.test(file));
    if (text === undefined) throw new Error(`${name} carries no licence text`);
    return `## ${name} ${version} (${license})\n\n${readFileSync(join(home, text), 'utf8').trim()}\n`;
  });
  writeFileSync(join(dist, 'THIRD-PARTY.md'), ['# Parts of this package that others wrote\n', ...notices].join('\n'));
}

/** What must hold of every build. */
function check(chunks) {
  for (const { fileName, dynamicImports, imports } of chunks) {
    // jest and other CommonJS hosts cannot run import().
    if (dynamicImports.length > 0) throw new Error(`${fileName} holds import(): ${dynamicImports.join(', ')}`);
    const outside = imports.filter(
      (name) => !name.startsWith('node:') && !chunks.some((chunk) => chunk.fileName === name),
    );
    const unexpected = outside.filter((name) => !['sqlite', 'sqlite3'].includes(name));
    if (unexpected.length > 0)
      throw new Error(`${fileName} needs what the package does not depend on: ${unexpected.join(', ')}`);
  }
  for (const file of filesOf(dist, '.d.ts')) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/from\s*['"]([^.'"][^'"]*)['"]/g)) {
      if (!name.startsWith('node:') && !['sqlite3', 'fastify'].includes(name))
        throw new Error(`${relative(root, file)} shows the types of ${name}`);
    }
  }
}

function filesOf(directory, ending) {
  return readdirSync(directory, { recursive: true })
    .map((file) => join(directory, file))
    .filter((file) => file.endsWith(ending));
}
