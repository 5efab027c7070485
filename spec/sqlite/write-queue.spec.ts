import { purgeOf, type Write } from '../../lib/batch';
import type { WriteCall } from '../../lib/sqlite/write-plan';
import { WriteQueue } from '../../lib/sqlite/write-queue';
import { gate, turn } from '../support/gates';

const place = { table: 'events', name: 'events', prefix: 'actor' };
const put = (key: string, bytes = 1): Write => ({ kind: 'put', ...place, key, data: Buffer.alloc(bytes) });
const keysOf = (calls: readonly WriteCall[]): (string | undefined)[] =>
  calls.flatMap(({ writes }) => writes.map((write) => ('key' in write ? write.key : undefined)));

/** A queue whose groups the spec sees, and settles with success. */
function recordingQueue(maxBytes = Infinity): { queue: WriteQueue; groups: (string | undefined)[][] } {
  const groups: (string | undefined)[][] = [];
  const queue = new WriteQueue(
    (calls) => {
      groups.push(keysOf(calls));
      for (const call of calls) call.settle(undefined);
      return Promise.resolve();
    },
    maxBytes,
    'database.db',
  );
  return { queue, groups };
}

describe('the write queue', () => {
  it('makes one group of what is issued together, and of what follows in microtasks', async () => {
    const { queue, groups } = recordingQueue();
    const first = Promise.all([queue.add([put('1')]), queue.add([put('2')])]);
    const later = Promise.resolve().then(() => queue.add([put('3')]));
    await Promise.all([first, later]);
    expect(groups).toEqual([['1', '2', '3']]);
  });

  it('bounds a group by its writes and by its bytes', async () => {
    const { queue, groups } = recordingQueue();
    await Promise.all(Array.from({ length: 600 }, (_, i) => queue.add([put(String(i))])));
    expect(groups.map(({ length }) => length)).toEqual([256, 256, 88]);
    groups.length = 0;
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => queue.add([put(key, 400_000)])));
    expect(groups).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('never divides a call, however large it is', async () => {
    const { queue, groups } = recordingQueue();
    const batch = Array.from({ length: 1000 }, (_, i) => put(String(i)));
    await Promise.all([queue.add([put('before')]), queue.add(batch), queue.add([put('after')])]);
    expect(groups.map(({ length }) => length)).toEqual([1, 1000, 1]);
  });

  it('commits one group at a time, and runs other work of the writer in its turn', async () => {
    const order: string[] = [];
    const held = gate();
    const queue = new WriteQueue(
      async (calls) => {
        order.push(`begin ${keysOf(calls).join()}`);
        await held.pass();
        order.push(`end ${keysOf(calls).join()}`);
        for (const call of calls) call.settle(undefined);
      },
      Infinity,
      'database.db',
    );
    const first = queue.add([put('1')]);
    await held.reached;
    const work = queue.run(() => Promise.resolve(order.push('work')));
    const second = queue.add([put('2')]);
    await turn();
    expect(order).toEqual(['begin 1']);
    held.open();
    await Promise.all([first, work, second]);
    expect(order).toEqual(['begin 1', 'end 1', 'work', 'begin 2', 'end 2']);
  });

  it('tells each call how it ended', async () => {
    const queue = new WriteQueue(
      (calls) => {
        for (const [i, call] of calls.entries()) call.settle(i === 1 ? { reason: 'missing', index: 0 } : undefined);
        return Promise.resolve();
      },
      Infinity,
      'database.db',
    );
    const [one, two, three] = await Promise.all(['1', '2', '3'].map((key) => queue.add([put(key)])));
    expect([one, two, three]).toEqual([undefined, { reason: 'missing', index: 0 }, undefined]);
  });

  it('is drained when everything has been settled', async () => {
    const held = gate();
    let settled = 0;
    const queue = new WriteQueue(
      async (calls) => {
        await held.pass();
        for (const call of calls) call.settle(undefined);
      },
      Infinity,
      'database.db',
    );
    for (let i = 0; i < 600; i++) void queue.add([purgeOf({ ...place, kind: 'collection' })]).then(() => settled++);
    const draining = queue.drain().then(() => settled);
    await held.reached;
    held.open();
    expect(await draining).toBe(600);
  });
});
