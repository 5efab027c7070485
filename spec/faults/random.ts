/** Numbers that look random and are the same for the same seed, so that what was found can be found again. */
export interface Random {
  /** At least 0, below `bound`. */
  below(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
  return { below, pick: (from) => from[below(from.length)]! };
}

/** `length` bytes that belong to a seed. */
export function bytes(seed: number, length: number): Buffer {
  const random = seeded(seed);
  const data = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) data[index] = random.below(256);
  return data;
}
