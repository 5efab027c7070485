/** What the library sets out to reach, as ratios within one run. */
import { library } from './contenders/index.mjs';
import { quotient } from './measure.mjs';

/**
 * @typedef {Map<string, import('./workloads/index.mjs').Measurement>} Results By id.
 *
 * @typedef {object} Target
 * @property {string} workload
 * @property {string} target In words.
 * @property {'atLeast' | 'atMost'} bound
 * @property {number} limit
 * @property {string} unit
 * @property {string[]} needs The measurements.
 * @property {(results: Results) => number} value
 */

/** @type {readonly Target[]} */
export const targets = [
  ...['durable', 'relaxed'].map((level) =>
    noSlower(`awaited put, nothing else in flight, ${level}`, `put-${level}`, 1.15, 'raw driver'),
  ),
  noSlower('awaited get', 'get', 1.15, 'raw driver'),
  noSlower('awaited last', 'last', 1.4, 'raw driver'),
  faster('256 puts in flight to one actor, durable', 'put-256-in-flight-one-actor-durable', 25, 'better-sqlite3'),
  faster(
    '256 puts in flight to one actor, durable',
    'put-256-in-flight-one-actor-durable',
    0.8,
    'better-sqlite3, transactions of 256',
  ),
  faster('256 puts in flight to 100 actors, durable', 'put-256-in-flight-100-actors-durable', 12, 'better-sqlite3'),
  faster(
    '256 puts in flight to 100 actors, durable',
    'put-256-in-flight-100-actors-durable',
    0.8,
    'better-sqlite3, transactions of 256',
  ),
  faster('256 puts in flight to one actor, relaxed', 'put-256-in-flight-one-actor-relaxed', 4, 'better-sqlite3'),
  faster('256 puts in flight to 100 actors, relaxed', 'put-256-in-flight-100-actors-relaxed', 2.5, 'better-sqlite3'),
  faster('256 gets in flight', 'get-256-in-flight', 2, 'better-sqlite3'),
  faster('256 gets in flight', 'get-256-in-flight', 15, 'raw driver'),
  faster('`getMany` of 256 keys', 'get-many-256', 2, 'better-sqlite3'),
  faster('scan of 100,000 entries', 'scan', 2.5, 'better-sqlite3'),
  faster('scan of 100,000 entries', 'scan', 4, 'classic-level'),
  within(
    'event-loop delay while 256 durable puts stay in flight, p99',
    'event-loop-delay-p99',
    5,
    'ms',
    'beyond the sampling interval',
  ),
  ...['durable', 'relaxed'].map((level) =>
    within(
      `p99 of a get while 256 ${level} puts stay in flight`,
      `get-while-putting-${level}`,
      3,
      'ms',
      '(median of five)',
    ),
  ),
  ...['durable', 'relaxed'].map((level) => ({
    workload: `event + snapshot in one batch, awaited, ${level}`,
    target: '≤ 1.3 × one awaited put',
    bound: 'atMost',
    limit: 1.3,
    unit: '×',
    needs: [`batch-${level}`, `batch-${level}-put`],
    value: (results) => quotient(own(results, `batch-${level}`), own(results, `batch-${level}-put`)),
  })),
  within('cost of an awaited put at 10⁶ entries over that at 10⁴', 'growth-put', 1.5, '×'),
  within('cost of an awaited get at 10⁶ entries over that at 10⁴', 'growth-get', 1.5, '×'),
  within('10,000 handles: file descriptors beyond those of one', 'handles-descriptors', 8, ''),
  within('10,000 handles: memory of each', 'handles-bytes', 2048, 'bytes'),
  within('scan of 10⁶ entries, spec `nano`: growth of the resident set', 'scan-memory', 64, 'MiB'),
];

export function isMet({ bound, limit }, value) {
  return bound === 'atLeast' ? value >= limit : value <= limit;
}

/** How many times as long as this library a contender takes. */
export function ratio({ figures, plain }, name) {
  const [one, own] = [figures.get(name), figures.get(library.name)];
  return plain === true ? one.median / own.median : quotient(one, own);
}

function own(results, id) {
  return results.get(id).figures.get(library.name);
}

function faster(workload, id, limit, peer) {
  return {
    workload,
    target: `≥ ${limit} × as fast as ${peer === 'better-sqlite3' && id.startsWith('put') ? 'better-sqlite3 autocommit' : peer}`,
    bound: 'atLeast',
    limit,
    unit: '×',
    needs: [id],
    value: (results) => ratio(results.get(id), peer),
  };
}

function noSlower(workload, id, limit, peer) {
  return {
    workload,
    target: `≤ ${limit} × the time of the ${peer}`,
    bound: 'atMost',
    limit,
    unit: '×',
    needs: [id],
    value: (results) => 1 / ratio(results.get(id), peer),
  };
}

function within(workload, id, limit, unit, condition = '') {
  return {
    workload,
    target: ['≤', limit, unit, condition].filter((part) => part !== '').join(' '),
    bound: 'atMost',
    limit,
    unit,
    needs: [id],
    value: (results) => own(results, id).median,
  };
}
