/** Makes 10,000 handles in the given directory and prints what they cost. */
import { existsSync, readdirSync } from 'node:fs';
import { loadLibrary } from '../contenders/library.mjs';
import { expect, expectValue } from '../check.mjs';
import { entry, prefixOf } from '../data.mjs';

const HANDLES = 10_000;
const [directory] = process.argv.slice(2);

const { SqliteManager } = await loadLibrary();
const manager = await SqliteManager.open(directory);
const handles = [await manager.createCollection('events', prefixOf(0))];
await handles[0].put('warm-up', entry(0, 1).value);
await handles[0].get('warm-up');
await handles[0].del('warm-up');
const before = cost();
while (handles.length < HANDLES) handles.push(await manager.createCollection('events', prefixOf(handles.length)));
const after = cost();

for (let i = 0; i < HANDLES; i += 1000) {
  const event = entry(i, HANDLES);
  await handles[i].put(event.key, event.value);
  expectValue('this library', event, await handles[i].get(event.key));
  expect((await handles[i + 1].last()) === undefined, 'an actor sees the entry of another');
}
await manager.stop();
console.log(
  JSON.stringify({
    descriptors: before.descriptors === undefined ? undefined : after.descriptors - before.descriptors,
    bytes: (after.bytes - before.bytes) / (HANDLES - 1),
  }),
);

function cost() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  const descriptors = ['/proc/self/fd', '/dev/fd'].find((path) => existsSync(path));
  return {
    bytes: heapUsed + external,
    descriptors: descriptors === undefined ? undefined : readdirSync(descriptors).length,
  };
}
