import { MemoryManager } from '../../lib/memory/index';
import { collect, rejection } from '../support/gates';

describe('the memory backend', () => {
  it('takes 100,000 puts in a time that grows with their number, not with its square', async () => {
    const data = Buffer.alloc(200, 'x');
    const timeOf = async (count: number): Promise<number> => {
      const manager = await MemoryManager.open();
      const collection = await manager.createCollection('events', 'actor');
      // 7919 has no common divisor with the counts: the keys come in a wild order.
      const keys = Array.from({ length: count }, (_, index) => String((index * 7919) % count).padStart(6, '0'));
      const started = process.cpuUsage();
      await Promise.all(keys.map((key) => collection.put(key, data)));
      const { user, system } = process.cpuUsage(started);
      expect(await collect(collection.iter())).toHaveLength(count);
      await manager.stop();
      return user + system;
    };
    await timeOf(10_000);
    const few = await timeOf(10_000);
    expect(await timeOf(100_000)).toBeLessThan(40 * few);
  });

  it('lets a write take effect at the call', async () => {
    const manager = await MemoryManager.open();
    const state = await manager.createState('snapshots', 'actor');
    const put = state.put(Buffer.from('1'));
    expect(await state.find()).toEqual(Buffer.from('1'));
    await put;
    await manager.stop();
  });

  it('is empty when it is opened, and again when it is opened after a stop', async () => {
    for (let round = 0; round < 2; round++) {
      const manager = await MemoryManager.open();
      const collection = await manager.createCollection('events', 'actor');
      expect(await collect(collection.iter())).toEqual([]);
      await collection.put('k', Buffer.from('1'));
      await manager.stop();
    }
  });

  it('keeps to the limit of four consistent iterations, as SQLite does', async () => {
    const manager = await MemoryManager.open();
    const collection = await manager.createCollection('events', 'actor');
    await collection.put('k', Buffer.from('1'));
    const iterators = await Promise.all([1, 2, 3, 4, 5].map(() => collection.iter({ consistent: true })));
    const pulls = await Promise.allSettled(iterators.map((iterator) => iterator.next()));
    expect(pulls.map(({ status }) => status[0]).join('')).toBe('ffffr');
    const late = (await collection.iter({ consistent: true })).next();
    expect(await rejection(late)).toMatchObject({ code: 'STORE', operation: 'read_view_limit' });
    await iterators[0]!.return();
    expect(await collect(collection.iter({ consistent: true }))).toHaveLength(1);
    await manager.stop();
  });

  it('rejects what its caller makes it read while it is being stopped by the same caller', async () => {
    const manager = await MemoryManager.open();
    const collection = await manager.createCollection('events', 'actor');
    const stopping = function* <T>(item: T): Generator<T> {
      void manager.stop();
      yield item;
    };
    const operation = { type: 'put' as const, target: collection, key: 'k', data: Buffer.from('1') };
    expect(await rejection(manager.writeBatch(stopping(operation)))).toMatchObject({ operation: 'stopped' });
    const other = await MemoryManager.open();
    const keys = (function* (): Generator<string> {
      void other.stop();
      yield 'k';
    })();
    const read = (await other.createCollection('events', 'actor')).getMany(keys);
    expect(await rejection(read)).toMatchObject({ operation: 'stopped' });
  });
});
