/** Arguments that nobody should pass, and an opinion of its own on which of them are right. */
import { isUint8Array } from 'node:util/types';
import type { Random } from '../random';

const KEYS = [
  '',
  'k1',
  'k2',
  'k3',
  'k.4',
  'ключ',
  '鍵',
  '😀',
  'a\0b',
  "'; DROP TABLE fuzz; --",
  '%',
  '_',
  '\uffff',
  'k'.repeat(10_000),
];

/** A fresh value of any kind: some of them can be used only once. */
export function anything(random: Random): unknown {
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => true,
    () => random.pick([0, -0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e308, 5]),
    () => random.pick([0n, 1n, 2n ** 64n]),
    () => random.pick(['\ud800', 'x\udfff', '\udc00\ud800', 'ok\ud83d']),
    () => random.pick(KEYS),
    () => Symbol('hostile'),
    () => () => 'k1',
    () => ({}),
    () => [],
    () => ['k1'],
    () => [1, 2, 3],
    () => new Date(0),
    () => /k1/,
    () => new Map([['k1', 1]]),
    () => new String('k1'),
    () => new Number(1),
    () => Object.create(null) as unknown,
    () => new Error('hostile'),
    () => ({ toString: () => 'k1', valueOf: () => 1, [Symbol.toPrimitive]: () => 'k1' }),
    () => ({ then: (resolve: (value: unknown) => void) => resolve('k1') }),
    () => Promise.resolve('k1'),
    throwing,
    revoked,
    () => new Proxy(Uint8Array.of(1, 2, 3), {}),
    () => new ArrayBuffer(8),
    () => new DataView(new ArrayBuffer(8)),
    () => Uint16Array.of(1, 2),
    () => new Uint8ClampedArray(3),
    () => new Float64Array(2),
    detached,
    outOfBounds,
    () => Object.setPrototypeOf({ length: 3, 0: 1 }, Uint8Array.prototype) as unknown,
    () => lying(random),
    () => new Uint8Array(new SharedArrayBuffer(4)).fill(7),
    () => bytesOf(random),
  ])();
}

export function aKey(random: Random): string {
  return random.pick(KEYS);
}

/** An array with memory of its own. */
export function bytesOf(random: Random): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: random.pick([0, 1, 3, 100, 5000]) }, () => random.below(256));
}

/** Every property and every trap throws. */
export function throwing(): unknown {
  const fail = (): never => {
    throw new Error('a getter that throws');
  };
  return new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail });
}

export function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): Uint8Array {
  const buffer = new ArrayBuffer(3);
  const array = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return array;
}

/** A view of a buffer that has become too small for it. */
function outOfBounds(): Uint8Array {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  const array = new Uint8Array(buffer, 4, 4);
  buffer.resize(2);
  return array;
}

/** Real bytes that say something else about themselves. */
function lying(random: Random): Uint8Array {
  class Lying extends Uint8Array<ArrayBuffer> {
    override get length(): number {
      return 2 ** 31;
    }
    override get byteLength(): number {
      return 1;
    }
    override slice(): never {
      throw new Error('a method that throws');
    }
    static get [Symbol.species](): never {
      throw new Error('a species that throws');
    }
    override [Symbol.iterator](): never {
      throw new Error('an iterator that throws');
    }
  }
  return new Lying(bytesOf(random).buffer);
}

/** Well-formed, by another way than the library takes: what is not comes back from UTF-8 changed. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && Buffer.from(value).toString() === value;
}

/** The bytes that would have to be stored, copied; undefined when it is no `Uint8Array` or its memory has gone. */
export function bytesIn(value: unknown): Buffer | undefined {
  if (!isUint8Array(value)) return undefined;
  try {
    // Asks the array itself, whatever its class says, and fails when it is detached or out of bounds.
    return Buffer.from(structuredClone(value).slice());
  } catch {
    return undefined;
  }
}
