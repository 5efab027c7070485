/** The data of every workload: keys of 20 digits, values of 200 bytes that do not compress, and prefixes of actors. */

export const VALUE_BYTES = 200;

/**
 * @typedef {object} Entry One event of one actor.
 * @property {number} actor The actor's index.
 * @property {string} prefix The actor's name.
 * @property {string} key
 * @property {Buffer} value
 */

const noise = makeNoise(2 ** 20);

/** The nth key: 20 digits, so that keys order as numbers do. */
export function keyOf(n) {
  return String(n).padStart(20, '0');
}

/** The nth value. No two of the first million are equal. */
export function valueOf(n) {
  const offset = (n * 211) % (noise.length - VALUE_BYTES);
  return noise.subarray(offset, offset + VALUE_BYTES);
}

/** The name of an actor. */
export function prefixOf(actor) {
  return `actor-${String(actor).padStart(10, '0')}`;
}

/**
 * The entries from the `first` on, dealt to `actors` in turn. Entry n has key n and value n, whoever gets it.
 * @returns {Entry[]}
 */
export function entries(first, count, actors) {
  return Array.from({ length: count }, (_, i) => entry(first + i, actors));
}

/** @returns {Entry} */
export function entry(n, actors) {
  const actor = n % actors;
  return { actor, prefix: prefixOf(actor), key: keyOf(n), value: valueOf(n) };
}

/** Numbers below `limit`, the same in every run: a linear congruential generator with Knuth's constants. */
export function picker(limit, seed = 1n) {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 33n) % limit;
  };
}

function makeNoise(length) {
  const next = picker(2 ** 31);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 2) bytes.writeUInt16LE(next() & 0xffff, i);
  return bytes;
}
