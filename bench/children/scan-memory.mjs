/** Scans the store in the given directory and prints by how many bytes the resident set grew at most. */
import { loadLibrary } from '../contenders/library.mjs';
import { scanChecker } from '../check.mjs';
import { prefixOf } from '../data.mjs';

const [directory, count] = process.argv.slice(2);

const { SqliteManager } = await loadLibrary();
const manager = await SqliteManager.open(directory, { spec: 'nano' });
const events = await manager.createCollection('events', prefixOf(0));
const checker = scanChecker('this library', Number(count));

globalThis.gc();
const before = process.memoryUsage.rss();
let most = before;
let scanned = 0;
for await (const [key, value] of events.iter()) {
  checker.visit(key, value);
  if (++scanned % 1000 === 0) most = Math.max(most, process.memoryUsage.rss());
}
checker.end();
await manager.stop();
console.log(JSON.stringify({ growth: most - before }));
