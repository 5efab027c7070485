/**
 * Where the time of a call goes. The driver's prepared statements are wrapped, so that each call of the driver has two marks: when it was made
 * and when its callback ran. What a statement that does nothing (`SELECT 1`) takes between them is the crossing, to a thread and back; what
 * other statements take beyond that is SQLite, with the driver's copies of parameters and rows.
 */
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { loadLibrary } from './contenders/library.mjs';
import { SPEC } from './contenders/sqlite.mjs';
import { expect, expectValue } from './check.mjs';
import { entries, entry, keyOf, picker, prefixOf, valueOf } from './data.mjs';
import { figure } from './measure.mjs';
import { withDirectory } from './workspace.mjs';

const ENTRIES = 100_000;
const IN_FLIGHT = 256;

/** @typedef {{ made: number, back: number }} DriverCall When, in milliseconds; `back` is 0 until then. */

export async function profile(quick) {
  const calls = markDriverCalls();
  const rounds = (count) => (quick ? Math.ceil(count / 50) : count);
  const nothing = await crossing(calls, rounds(3000));
  const columns = [];
  for (const durable of [false, true]) {
    await withStore(durable, 0, async (events) => {
      let n = 0;
      const put = () => events.put(keyOf(n), valueOf(n++));
      const level = durable ? 'durable' : 'relaxed';
      columns.push(
        await stagesOf(`awaited put, ${level}`, calls, nothing, { rounds: rounds(3000), units: 1, work: put }),
      );
      const putAll = () => Promise.all(Array.from({ length: IN_FLIGHT }, put));
      columns.push(
        await stagesOf(`put, ${IN_FLIGHT} in flight, ${level}`, calls, nothing, {
          rounds: rounds(400),
          units: IN_FLIGHT,
          work: putAll,
        }),
      );
      expectValue('this library', entry(n - 1, 1), await events.get(keyOf(n - 1)));
    });
  }
  const count = quick ? ENTRIES / 10 : ENTRIES;
  await withStore(false, count, async (events) => {
    const pick = picker(count);
    const get = () => events.get(keyOf(pick()));
    columns.push(await stagesOf('awaited get', calls, nothing, { rounds: rounds(3000), units: 1, work: get }));
    const getAll = () => Promise.all(Array.from({ length: IN_FLIGHT }, get));
    columns.push(
      await stagesOf(`get, ${IN_FLIGHT} in flight`, calls, nothing, {
        rounds: rounds(400),
        units: IN_FLIGHT,
        work: getAll,
      }),
    );
    const scan = async () => {
      let scanned = 0;
      for await (const [, value] of events.iter()) scanned += value.length > 0 ? 1 : 0;
      expect(scanned === count, `${scanned} entries scanned`);
    };
    // A page is fetched while the one before it is consumed.
    const scanApart = async () => {
      let seen = 0;
      for await (const _ of events.iter()) {
        if (calls.length === seen) continue;
        seen = calls.length;
        while (calls[seen - 1].back === 0) await setImmediate();
      }
    };
    columns.push(
      await stagesOf('scanned entry', calls, nothing, {
        rounds: rounds(30),
        units: count,
        work: scan,
        apart: scanApart,
      }),
    );
  });
  console.log(`\nµs per put, get and entry: medians. A crossing of nothing takes ${nothing.toFixed(1)} µs.\n`);
  console.log(stageTable(columns));
}

/** @returns {DriverCall[]} The calls since it was last emptied. */
function markDriverCalls() {
  const { Statement } = createRequire(new URL('../package.json', import.meta.url))('sqlite3');
  const calls = [];
  for (const method of ['run', 'all']) {
    const original = Statement.prototype[method];
    Statement.prototype[method] = function (...parameters) {
      const callback = parameters.pop();
      const call = { made: performance.now(), back: 0 };
      calls.push(call);
      return original.call(this, ...parameters, function (...results) {
        call.back = performance.now();
        callback.apply(this, results);
      });
    };
  }
  return calls;
}

/** What a statement takes that does nothing, in microseconds. */
async function crossing(calls, rounds) {
  const require = createRequire(new URL('../package.json', import.meta.url));
  const database = await require('sqlite').open({ filename: ':memory:', driver: require('sqlite3').Database });
  const statement = await database.prepare('SELECT 1');
  const samples = [];
  for (let i = 0; i < rounds; i++) {
    calls.length = 0;
    await statement.run();
    samples.push((calls[0].back - calls[0].made) * 1000);
  }
  await statement.finalize();
  await database.close();
  return figure(samples).median;
}

/** One reader: with two, what happens at the same time would be counted twice. */
function withStore(durable, count, use) {
  return withDirectory(async (directory) => {
    const { SqliteManager } = await loadLibrary();
    const manager = await SqliteManager.open(directory, { durability: durable, spec: SPEC, readers: 1 });
    const events = await manager.createCollection('events', prefixOf(0));
    for (let i = 0; i < count; i += 10_000) {
      await Promise.all(entries(i, Math.min(10_000, count - i), 1).map(({ key, value }) => events.put(key, value)));
    }
    try {
      await use(events);
    } finally {
      await manager.stop();
    }
  });
}

/**
 * `work` is done as it is for `elapsed`, and as `apart` for the stages: the same, but nothing is worked on while the driver is away.
 */
async function stagesOf(title, calls, nothing, { rounds, units, work, apart = work }) {
  const samples = { elapsed: [], before: [], crossing: [], sqlite: [], rest: [], calls: [] };
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    const elapsed = await timed(calls, work);
    const { start, end } = apart === work ? elapsed : await timed(calls, apart);
    if (round < 0) continue;
    const before = calls[0].made - start;
    const away = sum(calls, ({ made, back }) => back - made);
    const crossing = Math.min(away, (nothing * calls.length) / 1000);
    const stages = { before, crossing, sqlite: away - crossing, rest: end - start - before - away };
    for (const [stage, time] of Object.entries(stages)) samples[stage].push((time * 1000) / units);
    samples.elapsed.push(((elapsed.end - elapsed.start) * 1000) / units);
    samples.calls.push(calls.length);
  }
  return {
    title,
    stages: Object.fromEntries(Object.entries(samples).map(([stage, all]) => [stage, figure(all).median])),
  };
}

async function timed(calls, work) {
  calls.length = 0;
  const start = performance.now();
  await work();
  return { start, end: performance.now() };
}

function stageTable(columns) {
  const rows = {
    elapsed: 'elapsed',
    before: 'JavaScript before the first call of the driver',
    crossing: 'crossing: to a thread and back',
    sqlite: "SQLite, with the driver's copies of parameters and rows",
    rest: 'JavaScript between and after the calls',
    calls: 'calls of the driver, in all',
  };
  const cells = (stage) =>
    columns.map(({ stages }) =>
      stages[stage].toFixed(stage === 'calls' || stages[stage] >= 100 ? 0 : stages[stage] < 10 ? 2 : 1),
    );
  return [
    ['', ...columns.map(({ title }) => title)],
    ['---', ...columns.map(() => '---:')],
    ...Object.entries(rows).map(([stage, label]) => [label, ...cells(stage)]),
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function sum(items, of) {
  return items.reduce((total, item) => total + of(item), 0);
}
