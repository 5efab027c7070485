import { ReaderPool } from '../../lib/sqlite/reader-pool';
import { deferred, rejection, turn, type Deferred } from '../support/gates';

const refusal = (): Error => new Error('ended');

describe('a pool of readers', () => {
  it('starts as many reads at once as it has readers, and the others in the order of the calls', async () => {
    const pool = new ReaderPool(['a', 'b'], refusal);
    const started: [number, string][] = [];
    const gates: Deferred<void>[] = Array.from({ length: 5 }, () => deferred());
    const reads = gates.map((gate, i) =>
      pool.lease((reader) => {
        started.push([i, reader]);
        return gate.promise;
      }),
    );
    expect(started.map(([i]) => i)).toEqual([0, 1]);
    gates[1]!.resolve();
    await turn();
    expect(started.map(([i]) => i)).toEqual([0, 1, 2]);
    expect(started[2]![1]).toBe(started[1]![1]);
    for (const gate of gates) gate.resolve();
    await Promise.all(reads);
    expect(started.map(([i]) => i)).toEqual([0, 1, 2, 3, 4]);
  });

  it('never gives one reader to two reads at once', async () => {
    const pool = new ReaderPool(['a', 'b', 'c'], refusal);
    const busy = new Set<string>();
    await Promise.all(
      Array.from({ length: 100 }, () =>
        pool.lease(async (reader) => {
          expect(busy.has(reader)).toBe(false);
          busy.add(reader);
          await turn();
          busy.delete(reader);
        }),
      ),
    );
  });

  it('settles as the read does, and a reader whose read fails reads on', async () => {
    const pool = new ReaderPool(['a'], refusal);
    const failure = new Error('disk');
    const failing = pool.lease(() => Promise.reject(failure));
    const next = pool.lease((reader) => Promise.resolve(reader));
    expect(await rejection(failing)).toBe(failure);
    expect(await next).toBe('a');
    expect(pool.idle).toBe(1);
  });

  it('ends when no read is running or waiting, and refuses reads from that moment on', async () => {
    const pool = new ReaderPool(['a'], refusal);
    const gates: Deferred<void>[] = [deferred(), deferred()];
    const reads = gates.map((gate) => pool.lease(() => gate.promise));
    let ended = false;
    const ending = pool.end().then(() => (ended = true));
    gates[0]!.resolve();
    await turn();
    expect(ended).toBe(false);
    gates[1]!.resolve();
    await Promise.all([...reads, ending]);
    expect((await rejection(pool.lease(() => Promise.resolve()))).message).toBe('ended');
  });

  it('ends at once when nobody reads', async () => {
    await new ReaderPool(['a', 'b'], refusal).end();
  });

  it('gives others their turn between the reads of one who reads on, and ends after the last of them', async () => {
    const pool = new ReaderPool(['a'], refusal);
    const order: string[] = [];
    let left = 3;
    const reading = pool.leaseEach(async () => {
      order.push('long');
      await turn();
      return --left > 0;
    });
    const other = pool.lease(() => {
      order.push('short');
      return Promise.resolve();
    });
    await Promise.all([reading, other, pool.end()]);
    expect(order).toEqual(['long', 'short', 'long', 'long']);
  });

  it('rejects one who reads on with the error of the read that failed', async () => {
    const pool = new ReaderPool(['a'], refusal);
    const failure = new Error('disk');
    let reads = 0;
    const reading = pool.leaseEach(() => (++reads === 2 ? Promise.reject(failure) : Promise.resolve(true)));
    expect(await rejection(reading)).toBe(failure);
    expect(pool.idle).toBe(1);
  });
});
