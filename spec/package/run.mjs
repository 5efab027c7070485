/**
 * Packs the library and puts the tarball to use, as those who install it would: `npm run test:package`.
 *
 * Looks into the tarball, has publint and @arethetypeswrong/cli judge it, installs it in a project of its own, and runs consumers of each kind on
 * Node 20, 22 and 24. Prints a matrix. With `--smoke`: what is in the tarball, publint, and the consumers in plain JavaScript on this Node alone.
 *
 * The native part of sqlite3 is copied from this checkout instead of being compiled again: it is built on Node-API, one for all versions.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const smoke = process.argv.includes('--smoke');
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = (path) => join(root, 'node_modules', path);
const execute = promisify(execFile);

const home = mkdtempSync(join(tmpdir(), 'package-'));
const project = join(home, 'project');
const results = new Map();
let failures = 0;

try {
  const tarball = await pack();
  await check('the tarball holds what users need', () => checkContents(tarball));
  await check('publint', () => lint(tarball));
  await install(project, {
    'ave-actors-sqlite': `file:${tarball.path}`,
    ...(smoke ? {} : { fastify: '5', '@types/node': '20' }),
  });
  cpSync(join(root, 'spec/package/consumers'), project, { recursive: true });

  await consume('no native part', 'esm/no-binding.mjs', nodes().slice(0, 1));
  const release = 'node_modules/sqlite3/build/Release';
  mkdirSync(join(project, release), { recursive: true });
  cpSync(join(root, release, 'node_sqlite3.node'), join(project, release, 'node_sqlite3.node'));

  const versions = smoke ? nodes() : await installNodes();
  await consume('CommonJS', 'cjs/consumer.cjs', versions);
  await consume('ES module', 'esm/consumer.mjs', versions);
  if (!smoke) {
    await check('@arethetypeswrong/cli', () => checkTypes(tarball));
    for (const [name, file, options] of [
      ['TypeScript node16, CommonJS', 'consumer.cts', { module: 'node16', moduleResolution: 'node16' }],
      ['TypeScript node16, ES module', 'consumer.mts', { module: 'node16', moduleResolution: 'node16' }],
      ['TypeScript nodenext, CommonJS', 'consumer.cts', { module: 'nodenext', moduleResolution: 'nodenext' }],
      ['TypeScript nodenext, ES module', 'consumer.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
      ['TypeScript bundler, ES module', 'consumer.mts', { module: 'esnext', moduleResolution: 'bundler' }],
      [
        'TypeScript commonjs, node10',
        'consumer.cts',
        { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
      ],
    ]) {
      const compiled = await compile(name, file, options);
      if (compiled !== undefined) await consume(name, compiled, versions);
    }
    await consume('jest, CommonJS', 'jest-cjs', versions, runJest);
    await consume('jest, ES module', 'jest-esm', versions, runJest);
  }
  print(versions.map(({ version }) => version));
} finally {
  rmSync(home, { recursive: true });
}
if (failures > 0) {
  console.error(`${failures} failed`);
  process.exitCode = 1;
}

/** Runs a check and notes its outcome in every column. */
async function check(name, run, column = '*') {
  const row = results.get(name) ?? new Map();
  results.set(name, row);
  try {
    const result = await run();
    row.set(column, 'ok');
    return result;
  } catch (error) {
    failures += 1;
    row.set(column, 'FAILED');
    console.error(`\n${name}:\n${error.stdout ?? ''}${error.stderr ?? ''}${error.message}`);
  }
}

async function consume(name, program, versions, runProgram = runNode) {
  for (const { node, version } of versions) {
    await check(name, () => runProgram(node, program), version);
  }
}

function runNode(node, program) {
  const data = mkdtempSync(join(home, 'data-'));
  return execute(node, [program, data], { cwd: project });
}

function runJest(node, folder) {
  const jest = [bin('jest/bin/jest.js'), '--rootDir', join(project, folder), '--testMatch', '**/*.test.{js,mjs}'];
  // A part of the conformance suite is enough to show that it runs: the specs run all of it.
  const args = [...jest, '--testNamePattern', 'a store works|a handle', '--verbose=false'];
  return execute(node, folder === 'jest-esm' ? ['--experimental-vm-modules', ...args] : args, { cwd: project });
}

async function pack() {
  const { stdout } = await execute('npm', ['pack', '--json', '--silent', '--pack-destination', home], { cwd: root });
  // The build that runs before it may print something of its own.
  const [{ filename, files, size }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  console.log(`${filename}: ${files.length} files, ${Math.ceil(size / 1024)} KiB`);
  return { path: join(home, filename), files: files.map(({ path }) => path) };
}

function checkContents({ files }) {
  const wanted = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
    /^docs\/[^/]+\.(md|svg)$/,
    /^dist\/([a-z-]+\/)*[a-z-]+(\.d)?\.(js|mjs|ts|mts)$/,
    /^dist\/([a-z-]+\/)*[a-z-]+\.js\.map$/,
    /^dist\/THIRD-PARTY\.md$/,
  ];
  const unwanted = files.filter((file) => !wanted.some((pattern) => pattern.test(file)));
  if (unwanted.length > 0) throw new Error(`not for users: ${unwanted.join(', ')}`);
  const missing = ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/THIRD-PARTY.md'].filter(
    (file) => !files.includes(file),
  );
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(root, file), 'utf8');
    if (/\bimport\(/.test(code)) throw new Error(`${file} holds import()`);
    const [, map] = /^\/\/# sourceMappingURL=(.+)$/m.exec(code) ?? [];
    if (map === undefined) continue;
    if (!files.includes(join(dirname(file), map))) throw new Error(`${file} names a source map that is not there`);
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(root, dirname(file), map), 'utf8'));
    if (sources.some((_, index) => !sourcesContent?.[index])) throw new Error(`${map} lacks the text of its sources`);
  }
}

async function lint({ path }) {
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(path)).buffer },
    strict: true,
  });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'));
}

async function checkTypes({ path }) {
  const tools = join(home, 'tools');
  await install(tools, { '@arethetypeswrong/cli': '0.18.5' });
  await execute(join(tools, 'node_modules/.bin/attw'), [path], { cwd: tools });
}

/** A project with these dependencies. Their install scripts do not run, unless they are allowed. */
async function install(directory, dependencies, { scripts = false } = {}) {
  mkdirSync(directory);
  const names = Object.keys(dependencies);
  const allowScripts = Object.fromEntries(names.map((name) => [name, scripts]));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies, allowScripts }));
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', `--ignore-scripts=${!scripts}`];
  await execute('npm', args, { cwd: directory });
}

/** This Node alone. */
function nodes() {
  return [{ node: process.execPath, version: process.versions.node }];
}

async function installNodes() {
  const versions = [];
  for (const major of [20, 22, 24]) {
    const directory = join(home, `node-${major}`);
    await install(directory, { node: String(major) }, { scripts: true });
    const node = join(directory, 'node_modules/node/bin/node');
    versions.push({ node, version: (await execute(node, ['--version'])).stdout.trim().slice(1) });
  }
  return versions;
}

/** The JavaScript that TypeScript makes of a consumer, when its types are right. */
function compile(name, file, options) {
  return check(name, async () => {
    const source = join('types', file);
    const outDir = mkdtempSync(join(project, 'compiled-'));
    const flags = {
      strict: true,
      exactOptionalPropertyTypes: true,
      target: 'es2022',
      types: 'node',
      outDir,
      ...options,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    await execute(process.execPath, [bin('typescript/bin/tsc'), ...args, source], { cwd: project });
    const compiled = join(outDir, file.replace('ts', 'js'));
    if (!existsSync(compiled)) throw new Error(`${compiled} was not made`);
    return compiled;
  });
}

function print(versions) {
  const width = Math.max(...[...results.keys()].map(({ length }) => length));
  const line = (name, cells) =>
    console.log([name.padEnd(width), ...cells.map((cell) => cell.padEnd(8))].join('  ').trimEnd());
  line('', versions);
  for (const [name, row] of results)
    line(
      name,
      versions.map((version) => row.get(version) ?? row.get('*') ?? ''),
    );
}
