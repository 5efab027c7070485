/** The section of docs/performance.md on the services. */
import { existsSync, readFileSync } from 'node:fs';

const HEADING = '## Over HTTP';
const file = new URL('results.json', import.meta.url);

/** What the latest full run measured, or undefined when there was none. */
export function latestResults() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

export function renderHttp({ seconds, connections, accounts, history, rows }) {
  const cells = rows.map((row) => [
    row.framework,
    row.workload,
    row.store,
    Math.round(row.perSecond).toLocaleString('en'),
    `${row.p50} / ${row.p99}`,
    `${row.delayP99.toFixed(1)} / ${row.delayMax.toFixed(1)}`,
  ]);
  const header = ['', '', 'store', 'requests a second', 'latency p50 / p99, ms', 'event-loop delay p99 / max, ms'];
  const line = (columns) => `| ${columns.join(' | ')} |`;
  return `${HEADING}

The services of \`examples/express\` and \`examples/fastify\`, and the same on better-sqlite3: one code down to the store, durable, ${connections} connections to ${accounts.toLocaleString('en')} accounts of some ${history} events
each, ${seconds} s, autocannon in a second process on the same machine. The event-loop delay is the service's, beyond the sampling interval. \`npm run bench:http\` measures it again.

${[line(header), line(header.map(() => '---')), ...cells.map(line)].join('\n')}
`;
}

/** The page with its section replaced, or added at the end when there is none. */
export function replaceHttp(page, results) {
  const section = new RegExp(`^${HEADING}\\n[^]*?(?=^## |$(?![^]))`, 'm');
  const text = renderHttp(results);
  return section.test(page) ? page.replace(section, () => `${text}\n`) : `${page.trimEnd()}\n\n${text}`;
}
