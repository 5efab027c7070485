import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collect } from '../support/gates';
import { useTemporary } from '../support/temporary';
import { openDescriptors, showsDescriptors } from '../support/watching';

const temporary = useTemporary();
const MIB = 2 ** 20;

/** Memory of buffers that are still reachable. */
function bufferBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

if (showsDescriptors) {
  describe('the descriptors of a manager', () => {
    it('are as many for ten thousand handles as for one, give or take eight', async () => {
      const manager = await temporary.open();
      const events = await manager.createCollection('events', 'actor');
      await events.put('1', Buffer.from('x'));
      const one = openDescriptors();
      const handles = await Promise.all(
        Array.from({ length: 10_000 }, async (_, i) => {
          const handle = await manager.createCollection('events', `actor ${i}`);
          if (i % 100 === 0) await handle.put('1', Buffer.from('x'));
          return handle;
        }),
      );
      await Promise.all(handles.map((handle) => handle.find('1')));
      expect(Math.abs(openDescriptors() - one)).toBeLessThanOrEqual(8);
    });
  });
}

describe('the memory of a scan', () => {
  it.each([false, true])(
    'of large values is that of two pages or two values, not that of the log (consistent: %s)',
    async (consistent) => {
      const manager = await temporary.open({ spec: 'nano' });
      const events = await manager.createCollection('events', 'actor');
      for (let i = 0; i < 100; i++) await events.put(String(i).padStart(3, '0'), Buffer.alloc(MIB, i));
      const before = bufferBytes();
      let most = 0;
      let count = 0;
      for await (const [, value] of events.iter({ consistent })) {
        expect(value).toHaveLength(MIB);
        if (count++ % 10 === 5) most = Math.max(most, bufferBytes() - before);
      }
      expect(count).toBe(100);
      expect(most).toBeLessThan(12 * MIB);
    },
  );

  it.each([
    { entries: 100_000, bytes: 20, bound: 12 * MIB },
    { entries: 60, bytes: 20_000_000, bound: 3 * 20_000_000 },
  ])(
    'of $entries values of $bytes bytes stays bounded',
    async ({ entries, bytes, bound }) => {
      const manager = await temporary.open({ spec: 'nano' });
      const events = await manager.createCollection('events', 'actor');
      const value = Buffer.alloc(bytes, 7);
      const atOnce = Math.max(1, Math.floor((16 * MIB) / (bytes + 200)));
      for (let i = 0; i < entries; i += atOnce) {
        const keys = Array.from({ length: Math.min(atOnce, entries - i) }, (_, j) => String(i + j).padStart(6, '0'));
        await Promise.all(keys.map((key) => events.put(key, value)));
      }
      const before = bufferBytes();
      let most = 0;
      let count = 0;
      for await (const [key, read] of events.iter()) {
        if (Number(key) !== count || read.length !== bytes) throw new Error(`entry ${count} is ${key}`);
        if (count++ % (entries / 10) === 0) most = Math.max(most, bufferBytes() - before);
      }
      expect(count).toBe(entries);
      expect(most).toBeLessThanOrEqual(bound);
    },
    // More than a gigabyte goes to the disk.
    180_000,
  );

  it('is given back when the loop is left', async () => {
    const manager = await temporary.open({ spec: 'nano' });
    const events = await manager.createCollection('events', 'actor');
    await Promise.all(Array.from({ length: 20 }, (_, i) => events.put(String(i), Buffer.alloc(MIB, i))));
    const before = bufferBytes();
    const iterators = await Promise.all(Array.from({ length: 5 }, () => events.iter()));
    for (const iterator of iterators) {
      await iterator.next();
      await iterator.return();
    }
    expect(bufferBytes() - before).toBeLessThan(MIB);
    expect(await collect(events.iter({ limit: 1 }))).toHaveLength(1);
    expect(iterators).toHaveLength(5);
  });
});
