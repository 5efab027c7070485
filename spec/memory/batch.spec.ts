import { MAX_ROW_BYTES, readBatch, readPut, type Target } from '../../lib/batch';

const target: Target = { table: 'events', name: 'Events', prefix: 'actor', kind: 'collection' };
const state: Target = { table: 'snapshots', name: 'Snapshots', prefix: 'actor', kind: 'state' };

function read(operations: unknown): ReturnType<typeof readBatch> {
  return readBatch(operations, (handle) => (handle === 'c' ? target : handle === 's' ? state : undefined));
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function failure(operations: unknown): unknown {
  return errorOf(() => read(operations));
}

describe('reading a batch', () => {
  it('gives a write for each operation, in their order', () => {
    const data = Buffer.from('x');
    const place = { table: 'events', name: 'Events', prefix: 'actor' };
    const statePlace = { table: 'snapshots', name: 'Snapshots', prefix: 'actor' };
    const open = { start: undefined, end: undefined };
    expect(
      read([
        { type: 'put', target: 'c', key: 'k', data },
        { type: 'insert', target: 'c', key: '', data },
        { type: 'del', target: 'c', key: 'k' },
        { type: 'delRange', target: 'c', start: 'a' },
        { type: 'purge', target: 'c' },
        { type: 'put', target: 's', data },
        { type: 'del', target: 's' },
        { type: 'purge', target: 's' },
      ]),
    ).toEqual([
      { kind: 'put', ...place, key: 'k', data },
      { kind: 'insert', ...place, key: '', data },
      { kind: 'del', ...place, key: 'k' },
      { kind: 'erase', ...place, ...open, start: 'a', purge: false, shape: 'collection' },
      { kind: 'erase', ...place, ...open, purge: true, shape: 'collection' },
      { kind: 'put', ...statePlace, key: undefined, data },
      { kind: 'del', ...statePlace, key: undefined },
      { kind: 'erase', ...statePlace, ...open, purge: true, shape: 'state' },
    ]);
  });

  it('copies the bytes', () => {
    const data = Buffer.from('before');
    const [write] = read([{ type: 'put', target: 'c', key: 'k', data }]);
    data.write('after!');
    expect(write).toMatchObject({ data: Buffer.from('before') });
  });

  it('reads each property of an operation once', () => {
    const reads: string[] = [];
    const operation = new Proxy(
      { type: 'put', target: 'c', key: 'k', data: Buffer.from('x') },
      {
        get(object, name): unknown {
          reads.push(String(name));
          return Reflect.get(object, name);
        },
      },
    );
    read([operation]);
    expect(reads.toSorted()).toEqual(['data', 'end', 'key', 'start', 'target', 'type']);
  });

  it.each([
    ['the iterator cannot be made', { [Symbol.iterator]: () => thrown() }],
    ['the iterator fails', { [Symbol.iterator]: () => ({ next: () => thrown() }) }],
    [
      'a getter fails',
      [
        {
          type: 'put',
          target: 'c',
          key: 'k',
          get data() {
            return thrown();
          },
        },
      ],
    ],
    ['a proxy fails', [new Proxy({}, { get: () => thrown() })]],
    ['a proxy was revoked', [revoked()]],
  ])('throws what the caller threw when %s', (_, operations) => {
    expect(failure(operations)).toBeInstanceOf(Error);
    expect(failure(operations)).not.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('ends the iterator of the caller when an operation is wrong', () => {
    let ended = false;
    function* operations(): Generator {
      try {
        yield { type: 'put', target: 'c', key: 'k', data: Buffer.from('x') };
        yield { type: 'put', target: 'nobody', key: 'k', data: Buffer.from('x') };
      } finally {
        ended = true;
      }
    }
    expect(failure(operations())).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'invalid argument target: expected a collection or a state of this manager, received a string (operation 1 of the batch)',
    });
    expect(ended).toBe(true);
  });

  it.each([
    ['a text', 'put'],
    ['an asynchronous iterable', (async function* () {})()],
    ['nothing', undefined],
    ['a number', 1],
  ])('refuses %s as operations', (_, operations) => {
    expect(failure(operations)).toMatchObject({ name: 'TypeError', code: 'INVALID_ARGUMENT' });
  });

  it('refuses a detached array, which would be stored as an empty value', () => {
    const data = new Uint8Array(4);
    structuredClone(data, { transfer: [data.buffer] });
    expect(failure([{ type: 'put', target: 's', data }])).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('asks no object for its length: a subclass that lies about it is copied as it is', () => {
    class Liar extends Uint8Array {
      override get length(): number {
        return 1_000_000;
      }
      override get byteLength(): number {
        return 0;
      }
    }
    const [write] = read([{ type: 'put', target: 's', data: Liar.of(1, 2, 3) }]);
    expect(write).toMatchObject({ data: Buffer.of(1, 2, 3) });
  });

  it('refuses a row that SQLite could not hold, with both numbers, before it copies anything', () => {
    // Zero pages of a sparse allocation: nothing of it is touched.
    const data = new Uint8Array(MAX_ROW_BYTES);
    const refused = { code: 'STORE', operation: 'insert' };
    expect(errorOf(() => readPut('put', target, 'ü', data))).toMatchObject({
      ...refused,
      reason: expect.stringMatching(/999990007.*999990000/) as unknown,
    });
    expect(
      failure([
        { type: 'purge', target: 'c' },
        { type: 'put', target: 's', data },
      ]),
    ).toMatchObject({
      ...refused,
      message: expect.stringMatching(/999990005.*\(operation 1 of the batch\)/) as unknown,
    });
  });
});

function thrown(): never {
  throw new RangeError('mine');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
