/**
 * Builds dist/ out of lib/.
 *
 * There is one implementation, in CommonJS; the ES modules beside it re-export it by name. `import` and `require` so share every class and the
 * registry of open directories, whoever mixes them. Packages that are ES modules alone (p-queue) are part of the bundle.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import ts from 'typescript';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const { dependencies, peerDependencies } = readPackage(root);

const entries = {
  index: 'lib/index.ts',
  'memory/index': 'lib/memory/index.ts',
  'testing/index': 'lib/testing/index.ts',
  'fastify/index': 'lib/fastify/index.ts',
  driver: 'lib/driver.ts',
};

const output = await bundle();
const chunks = output.filter(({ type }) => type === 'chunk');
const files = new Map([
  ...output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
  ...chunks.filter(({ isEntry }) => isEntry).flatMap(modulesOf),
  ...declarations(),
  ['THIRD-PARTY.md', notices(chunks)],
]);

for (const [name, text] of files) {
  mkdirSync(dirname(join(dist, name)), { recursive: true });
  writeFileSync(join(dist, name), text);
}
// What is left of an earlier build goes last: who uses dist/ meanwhile finds it whole.
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(relative(dist, file).replaceAll('\\', '/'))) rmSync(file);
}

async function bundle() {
  const external = Object.keys(dependencies);
  const build = await rolldown({ cwd: root, input: entries, platform: 'node', external });
  const { output } = await build.generate({
    dir: dist,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    strict: true,
    sourcemap: true,
  });
  await build.close();
  const names = new Set(output.map(({ fileName }) => fileName));
  for (const { fileName, imports = [], dynamicImports = [] } of output) {
    // jest and other hosts of CommonJS cannot run import().
    if (dynamicImports.length > 0) throw new Error(`${fileName} holds import() of ${dynamicImports.join(', ')}`);
    const missing = imports.filter((name) => !names.has(name) && !isBuiltin(name) && !external.includes(name));
    if (missing.length > 0)
      throw new Error(`${fileName} needs ${missing.join(', ')}, on which the package does not depend`);
  }
  return output;
}

/** The ES module of an entry point and its declarations. */
function modulesOf({ name, exports }) {
  const implementation = `./${posix.basename(name)}.js`;
  const lines = exports.map((key) => `export const ${key} = implementation.${key};\n`);
  return [
    [`${name}.mjs`, `import implementation from '${implementation}';\n\n${lines.join('')}`],
    [`${name}.d.mts`, `export * from '${implementation}';\n`],
  ];
}

/** The declarations that the entry points reach. The inside of the library, and the types it uses there, stay out of the package. */
function declarations() {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => refuse([diagnostic]) };
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), undefined, host);
  const program = ts.createProgram(config.fileNames, config.options);
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (file, text) =>
    emitted.set(relative(dist, file).replaceAll('\\', '/'), text),
  );
  refuse([...ts.getPreEmitDiagnostics(program), ...diagnostics]);

  const reached = new Map();
  const reach = (file, from) => {
    const text = emitted.get(file);
    if (text === undefined) throw new Error(`${from} refers to ${file}, which is not there`);
    if (reached.has(file)) return;
    // Buffer and AsyncDisposable are Node's; a project that lists no `types` does not load them by itself.
    reached.set(file, from === undefined ? `/// <reference types="node" />\n${text}` : text);
    for (const { fileName: name } of ts.preProcessFile(text).importedFiles) {
      const path = posix.join(posix.dirname(file), name);
      if (name.startsWith('.')) reach(emitted.has(`${path}.d.ts`) ? `${path}.d.ts` : `${path}/index.d.ts`, file);
      else if (!isBuiltin(name) && !(name in dependencies) && !(name in peerDependencies)) {
        throw new Error(`${file} shows the types of ${name}, on which the package does not depend`);
      }
    }
  };
  for (const name of Object.keys(entries)) reach(`${name}.d.ts`);
  return reached;
}

function refuse(diagnostics) {
  if (diagnostics.length === 0) return;
  const format = { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => '\n' };
  throw new Error(ts.formatDiagnostics(diagnostics, format));
}

/** The licences of the packages that are part of the bundle. */
function notices(chunks) {
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds);
  const homes = new Set(modules.flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id) ?? []));
  // A helper of the bundler stands between the chunks.
  homes.add(join(root, 'node_modules', 'rolldown'));
  const texts = [...homes].sort().map((home) => {
    const { name, version, license } = readPackage(home);
    const file = readdirSync(home).find((entry) => /^licen[cs]e(\.md|\.txt)?$/i.test(entry));
    if (file === undefined) throw new Error(`${name} carries no licence text`);
    return `## ${name} ${version} (${license})\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
  });
  return ['# Parts of this package that others wrote\n', ...texts].join('\n');
}

function readPackage(home) {
  return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
}
