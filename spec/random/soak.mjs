/** Bundles soak.ts and runs it. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-soak-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
// The driver stays outside of the bundle, and is looked for from there.
symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(directory, 'node_modules'));
const bundle = await rolldown({
  input: fileURLToPath(new URL('soak.ts', import.meta.url)),
  platform: 'node',
  external: ['sqlite3', 'sqlite'],
});
await bundle.write({ dir: directory, format: 'esm', entryFileNames: 'soak.mjs', sourcemap: 'inline' });
await import(pathToFileURL(join(directory, 'soak.mjs')).href);
