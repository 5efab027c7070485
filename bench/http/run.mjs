/**
 * Measures the services of examples/ over HTTP, on this library and on better-sqlite3, with autocannon on the same machine.
 *
 *   npm run bench:http                 writes bench/http/results.json and the section "Over HTTP" of docs/performance.md
 *   npm run bench:http -- --seconds 2  checks that it runs; writes nothing
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLibrary, installPeers } from '../build.mjs';
import { withDirectory } from '../workspace.mjs';
import { renderHttp, replaceHttp } from './page.mjs';

const SECONDS = 30;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 100;
const ACCOUNTS = 1000;
const HISTORY = 200;

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: String(SECONDS) } } });
const seconds = Number(options.seconds);

installPeers();
buildLibrary();
const { default: autocannon } = await import('autocannon');

const append = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ type: 'deposit', cents: 1 }),
  setupRequest: (request) => ({ ...request, path: `/accounts/${randomAccount()}/events` }),
};
const readPage = {
  method: 'GET',
  setupRequest: (request) => ({ ...request, path: `/accounts/${randomAccount()}/events?limit=50` }),
};

const workloads = [
  { name: 'append an event', requests: [append] },
  { name: 'append an event, read a page of 50, in turn', requests: [append, readPage] },
];

const rows = [];
for (const framework of ['Express', 'Fastify']) {
  for (const { name, requests } of workloads) {
    for (const store of ['this library', 'better-sqlite3']) {
      const figures = await withDirectory((directory) => measure(framework.toLowerCase(), store, directory, requests));
      rows.push({ framework, workload: name, store, ...figures });
      console.log(JSON.stringify(rows.at(-1)));
    }
  }
}
const results = { seconds, connections: CONNECTIONS, accounts: ACCOUNTS, history: HISTORY, rows };
console.log(renderHttp(results));
if (seconds >= SECONDS) {
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, undefined, 2)}\n`);
  const page = new URL('../../docs/performance.md', import.meta.url);
  writeFileSync(page, replaceHttp(readFileSync(page, 'utf8'), results));
}

async function measure(framework, store, directory, requests) {
  const program = fileURLToPath(new URL('service.mjs', import.meta.url));
  const service = fork(program, [framework, store, directory, ACCOUNTS, HISTORY].map(String));
  const closed = once(service, 'close');
  const [url] = await once(service, 'message');
  // The accounts are in memory and the code is compiled when the clock starts.
  const before = await totalBalance(url);
  const warmUp = await load({ url, connections: CONNECTIONS, duration: WARM_UP_SECONDS, requests });
  service.send('measure');
  const measured = await load({ url, connections: CONNECTIONS, duration: seconds, requests });
  service.send('report');
  const [delay] = await once(service, 'message');
  const deposits = (await totalBalance(url)) - before;
  service.send('stop');
  const [code] = await closed;
  if (code !== 0) throw new Error(`the service on ${store} ended with ${code}`);
  // Every append is a cent. A 201 was an append; the end of a load may have cut off the answers to some more, one on each connection.
  const answered = warmUp.created + measured.created;
  if (deposits < answered || deposits > answered + 2 * CONNECTIONS) {
    throw new Error(`${answered} appends were answered, and ${deposits} are there`);
  }
  const { perSecond, p50, p99 } = measured;
  return { perSecond, p50, p99, delayP99: delay.p99, delayMax: delay.max };
}

async function load(settings) {
  const { errors, non2xx, requests, latency, statusCodeStats } = await autocannon(settings);
  if (errors > 0 || non2xx > 0) throw new Error(`${errors} errors, ${non2xx} refusals`);
  const created = statusCodeStats['201']?.count ?? 0;
  return { perSecond: requests.average, p50: latency.p50, p99: latency.p99, created };
}

function randomAccount() {
  return `account-${Math.floor(Math.random() * ACCOUNTS)}`;
}

async function totalBalance(url) {
  let total = 0;
  for (let account = 0; account < ACCOUNTS; account++) {
    const response = await fetch(`${url}/accounts/account-${account}`);
    total += (await response.json()).balance;
  }
  return total;
}
