/** Scans the store in the given directory and prints by how many bytes the resident set grew at most. */
import { loadLibrary } from '../contenders/library.mjs';
import { expect, scanChecker } from '../check.mjs';
import { prefixOf, VALUE_BYTES } from '../data.mjs';

const [directory, count] = process.argv.slice(2);

const { SqliteManager } = await loadLibrary();
const manager = await SqliteManager.open(directory, { spec: 'nano' });
const events = await manager.createCollection('events', prefixOf(0));

globalThis.gc();
const before = process.memoryUsage.rss();
let most = before;
let scanned = 0;
let bytes = 0;
for await (const [, value] of events.iter()) {
  bytes += value.length;
  if (++scanned % 1000 === 0) most = Math.max(most, process.memoryUsage.rss());
}
expect(bytes === scanned * VALUE_BYTES, `${scanned} entries with ${bytes} bytes`);

// Once more, with memory that the checks take.
const checker = scanChecker('this library', Number(count));
for await (const [key, value] of events.iter()) checker.visit(key, value);
checker.end();
await manager.stop();
console.log(JSON.stringify({ growth: most - before }));
