/** A process of its own that opens a store and appends events to one actor, and says when it is ready and when it is done. */
import { createInterface } from 'node:readline';
import { SqliteManager } from '../../lib/index';

async function main(directory: string, prefix: string, count: number): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const manager = await SqliteManager.open(directory, { durability: false });
  const events = await manager.createCollection('events', prefix);
  const state = await manager.createState('snapshots', prefix);
  console.log('ready');
  await lines.next();
  for (let i = 0; i < count; i += 10) {
    const keys = Array.from({ length: 10 }, (_, n) => String(i + n).padStart(6, '0'));
    await Promise.all(keys.map((key) => events.insert(key, Buffer.from(key))));
    await manager.writeBatch([
      { type: 'put', target: events, key: `batch ${i}`, data: Buffer.from('x') },
      { type: 'put', target: state, data: Buffer.from(String(i)) },
    ]);
    const last = await events.get(keys[9] ?? '');
    if (last.toString() !== keys[9]) throw new Error(`a resolved write of ${prefix} is not there`);
  }
  console.log('written');
  await lines.next();
  await manager.stop();
  process.exit(0);
}

const [directory = '', prefix = '', count = '0'] = process.argv.slice(2);
void main(directory, prefix, Number(count));
