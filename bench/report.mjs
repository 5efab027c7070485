/** The results in words: lines for the terminal, and docs/performance.md. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { contenders, library } from './contenders/index.mjs';
import { latestResults, renderHttp } from './http/page.mjs';
import * as notes from './notes.mjs';
import { isMet, ratio, targets } from './targets.mjs';

/** Closer than this, a peer is neither ahead nor behind. */
const NOISE = 1.05;

const peers = contenders.filter(({ name }) => name !== library.name);

/** @param {import('./workloads/index.mjs').Measurement} measurement */
export function describeMeasurement(measurement) {
  const { title, unit, figures, plain } = measurement;
  const own = `${title}: ${number(figures.get(library.name).median)} ${unit}`;
  const others = [...figures.keys()]
    .filter((name) => name !== library.name)
    .map((name) => `${name} ${plain ? number(figures.get(name).median) : `${number(ratio(measurement, name))}×`}`);
  return [own, ...others].join(' · ');
}

/** @param {import('./targets.mjs').Results} results */
export function describeTargets(results) {
  return judged(results)
    .map(
      ({ workload, target, measured, met }) => `${met ? 'met    ' : 'NOT met'}  ${workload}: ${measured} (${target})`,
    )
    .join('\n');
}

/** docs/performance.md */
export function renderPage(results, minutes) {
  const all = [...results.values()].filter(({ hidden }) => hidden !== true);
  const compared = all.filter(({ plain }) => plain !== true);
  const plain = all.filter((measurement) => measurement.plain === true);
  return `<!-- Written by \`npm run bench\`. Change bench/, not this page. -->

# Performance

\`npm run bench\` measures the library beside others that keep bytes under keys on a disk, and writes this page.

![How many times as fast ave-actors-sqlite is as each peer](benchmark.svg)

## Targets

${table(
  ['workload', 'target', 'measured', ''],
  judged(results).map(({ workload, target, measured, met }) => [
    workload,
    target,
    measured,
    met ? 'met' : '**NOT met**',
  ]),
)}
${renderLimits(results)}
## Side by side

How many times as long as this library each peer takes for the same work: above 1 the library is ahead, below 1 (in bold) the peer is. A dash: it has no such thing.

${table(
  ['', ...peers.map(({ name }) => name)],
  compared.map((measurement) => [
    measurement.title,
    ...peers.map(({ name }) => (measurement.figures.has(name) ? times(ratio(measurement, name)) : '–')),
  ]),
)}

The same as medians, with the first and the third quartile:

${table(
  ['', '', ...contenders.map(({ name }) => name)],
  compared.map(({ title, unit, figures }) => [title, unit, ...contenders.map(({ name }) => spread(figures.get(name)))]),
)}

## Latency and size

${table(
  ['', '', ...contenders.map(({ name }) => name)],
  plain.map(({ title, unit, figures }) => [title, unit, ...contenders.map(({ name }) => spread(figures.get(name)))]),
)}

Event-loop delays are beyond the sampling interval of 1 ms. A synchronous contender puts 256 entries in each turn of the event loop. Quartiles are those of the repeats.

${renderServices()}## Where a peer is ahead, and why

${renderAhead(all.filter(({ id }) => !id.startsWith('growth')))}

## The peers

${peers
  .filter(({ name }) => notes.peers[name] !== undefined)
  .map(({ name }) => `* **${name}** ${versionOf(name)}: ${notes.peers[name]}`)
  .join('\n')}

## Method

${notes.method}

## Machine

${machine(minutes)}
`;
}

/** What `npm run bench:http` measured, which this run does not. */
function renderServices() {
  const results = latestResults();
  return results === undefined ? '' : `${renderHttp(results)}\n`;
}

function judged(results) {
  return targets
    .filter(({ needs }) => needs.every((id) => results.has(id)))
    .map((target) => {
      const value = target.value(results);
      const measured = [number(value), target.unit].filter((part) => part !== '').join(' ');
      return { workload: target.workload, target: target.target, measured, met: isMet(target, value) };
    });
}

function renderLimits(results) {
  const missed = judged(results).filter(({ met }) => !met);
  if (missed.length === 0) return '\nAll are met.\n';
  const reasons = missed.map(({ workload, target }) => {
    const why = notes.limitOf(workload, target);
    if (why === undefined) console.log(`notes.mjs does not say why this target is not met: ${workload}: ${target}`);
    return `* ${workload} (${target}): ${why ?? 'the reason is not known.'}`;
  });
  return `\nNot met:\n\n${reasons.join('\n')}\n`;
}

/** A line for each explanation, with the measurements that it explains. */
function renderAhead(measurements) {
  const explained = new Map();
  for (const measurement of measurements) {
    for (const { name } of peers) {
      if (!measurement.figures.has(name) || ratio(measurement, name) * NOISE > 1) continue;
      const note = notes.ahead.find(({ explains }) => explains(name, measurement.id));
      if (note === undefined) console.log(`notes.mjs does not say why ${name} is ahead: ${measurement.id}`);
      const key = `${name}: ${note?.why ?? measurement.id}`;
      const entry = explained.get(key) ?? { name, why: note?.why ?? 'The reason is not known.', titles: [] };
      entry.titles.push(measurement.title);
      explained.set(key, entry);
    }
  }
  if (explained.size === 0) return 'Nowhere in this run.';
  return [...explained.values()]
    .map(({ name, why, titles }) => `* **${name}**: ${titles.join('; ')}.\n  ${why}`)
    .join('\n');
}

function machine(minutes) {
  const cpus = os.cpus();
  const { version: driver } = createRequire(new URL('../package.json', import.meta.url))('sqlite3/package.json');
  return `${cpus[0].model}, ${cpus.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB of memory, ${os.type()} ${os.release()} (${os.arch()}), Node ${process.versions.node}, sqlite3 ${driver}. ${new Date().toISOString().slice(0, 10)}, a run of ${minutes.toFixed(0)} minutes.`;
}

function versionOf(name) {
  if (name === 'raw driver')
    return createRequire(new URL('../package.json', import.meta.url))('sqlite3/package.json').version;
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function times(value) {
  return value * NOISE < 1 ? `**${number(value)}**` : number(value);
}

function spread(figure) {
  if (figure === undefined) return '–';
  const { median, low, high } = figure;
  return low === undefined ? number(median) : `${number(median)} (${number(low)}–${number(high)})`;
}

/** Three significant digits, no exponent. */
function number(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}
