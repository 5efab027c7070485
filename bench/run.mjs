/**
 * Measures the library beside its peers.
 *
 *   npm run bench                    all workloads; writes docs/performance.md and docs/benchmark.svg
 *   npm run bench -- put             the workloads whose id or title contains "put"
 *   npm run bench -- --quick         one round of everything on little data: checks that it runs, measures nothing
 *   npm run bench -- --profile       where the time of a call goes
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildLibrary, installPeers } from './build.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, profile: { type: 'boolean', default: false } },
});

installPeers();
buildLibrary();

// Only now is there something to import.
if (options.profile) {
  const { profile } = await import('./profile.mjs');
  await profile(options.quick);
} else {
  await bench(positionals.join(' '), options.quick);
}

async function bench(filter, quick) {
  const { groups } = await import('./workloads/index.mjs');
  const { describeMeasurement, describeTargets, renderPage } = await import('./report.mjs');
  const { renderChart } = await import('./chart.mjs');
  const started = performance.now();
  const results = new Map();
  for (const { prepare, workloads } of groups) {
    const selected = workloads.filter(({ id, title }) => id.includes(filter) || title.includes(filter));
    if (selected.length === 0) continue;
    await prepare(quick, async (fixture) => {
      for (const { measure } of selected) {
        for (const measurement of await measure(fixture, quick)) {
          results.set(measurement.id, measurement);
          console.log(describeMeasurement(measurement));
        }
      }
    });
  }
  if (results.size === 0) throw new Error(`no workload is called "${filter}"`);
  console.log(`\n${describeTargets(results)}`);
  const minutes = (performance.now() - started) / 60_000;
  console.log(`\n${minutes.toFixed(1)} minutes`);
  if (filter !== '' || quick) return;
  writeFileSync(new URL('../docs/performance.md', import.meta.url), renderPage(results, minutes));
  writeFileSync(new URL('../docs/benchmark.svg', import.meta.url), renderChart(results));
  console.log('wrote docs/performance.md and docs/benchmark.svg');
}
