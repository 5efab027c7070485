/** Runs contenders in turn and takes medians. */

/**
 * @typedef {object} Figure What one contender needed, in the unit of its measurement.
 * @property {number} median
 * @property {number} low The first quartile.
 * @property {number} high The third quartile.
 * @property {number[]} samples In the order they were taken: those of one race were taken side by side.
 */

/**
 * Takes `rounds` samples of each runner. The runners alternate round by round and every round starts with another one, so that a slow
 * minute of the machine, and whatever a runner leaves behind, meets all of them alike. The first `warmUp` rounds count for nothing.
 * @param {Map<string, () => Promise<number>>} runners
 * @param {{ rounds: number, warmUp: number }} plan
 * @returns {Promise<Map<string, Figure>>}
 */
export async function race(runners, { rounds, warmUp }) {
  const names = [...runners.keys()];
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + warmUp) % names.length];
      // What one runner left in the young generation is not collected in the next one's time.
      globalThis.gc({ type: 'minor' });
      const sample = await runners.get(name)();
      if (round >= 0) samples.get(name).push(sample);
    }
  }
  return new Map(names.map((name) => [name, figure(samples.get(name))]));
}

/** @returns {Figure} */
export function figure(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), samples };
}

/**
 * How many times as much `one` is as `other`: the median of the quotients round by round, because a slow minute of the machine meets both
 * sides of a round, but not both medians.
 * @param {Figure} one
 * @param {Figure} other Of the same race, or of another with as many rounds.
 */
export function quotient(one, other) {
  return figure(one.samples.map((sample, round) => sample / other.samples[round])).median;
}

/** The value that a fraction `q` of the samples does not exceed, between two of them where it falls between. */
export function quantile(sorted, q) {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Microseconds per unit of work. */
export async function microseconds(units, work) {
  const start = performance.now();
  const result = await work();
  return { us: ((performance.now() - start) * 1000) / units, result };
}
