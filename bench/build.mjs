/** Makes ready what is measured: the peers, and a build of this checkout. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

export function installPeers() {
  // npm writes it last: an installation that failed is done again.
  if (existsSync(new URL('node_modules/.package-lock.json', import.meta.url))) return;
  console.log('installing the peers into bench/node_modules (some of them compile) …');
  npm(bench, 'ci');
}

export function buildLibrary() {
  console.log('building the library …');
  npm(root, 'run', 'build', '--silent');
}

function npm(cwd, ...parameters) {
  execFileSync('npm', parameters, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
}
