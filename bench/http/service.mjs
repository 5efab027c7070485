/**
 * A service of examples/ on one of the stores, in a process of its own: `service.mjs <framework> <store> <directory> <accounts> <events
 * each>`, started with an IPC channel. Sends its URL; on "measure" it starts to watch its event loop, on "report" it sends what it saw, on "stop" it ends in order.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SqliteManager } from '../../dist/index.mjs';
import fastify from 'fastify';
import { account } from '../../examples/actors/account.mjs';
import { ActorSystem } from '../../examples/actors/actor-system.mjs';
import { createApp } from '../../examples/express/app.mjs';
import { accountRoutes } from '../../examples/fastify/app.mjs';
import { keyOf } from '../../examples/shared/sequence.mjs';
import { SPEC } from '../contenders/sqlite.mjs';

const RESOLUTION_MS = 1;

const [, , framework, storeName, directory, accounts, history] = process.argv;
const store = await openStore();
for (let number = 0; number < Number(accounts); number += 1) await fill(`account-${number}`, Number(history));
const server = framework === 'fastify' ? await serveFastify() : await serveExpress();
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

process.on('message', async (message) => {
  if (message === 'measure') {
    delay.reset();
    delay.enable();
  } else if (message === 'report') {
    const beyond = (nanoseconds) => nanoseconds / 1e6 - RESOLUTION_MS;
    process.send({ p99: beyond(delay.percentile(99)), max: beyond(delay.max) });
  } else {
    server.closeAllConnections();
    await once(server.close(), 'close');
    await store.stop();
    process.disconnect();
  }
});
process.send(`http://127.0.0.1:${server.address().port}`);

async function openStore() {
  if (storeName === 'this library') return SqliteManager.open(directory, { spec: SPEC });
  const { openStore: open } = await import('./better-sqlite3-store.mjs');
  return open(directory);
}

/** A history of one cent an event, with the snapshot that an account keeps. */
async function fill(name, length) {
  const events = await store.createCollection('events', name);
  const snapshot = await store.createState('snapshots', name);
  const event = Buffer.from(JSON.stringify({ event: { type: 'deposited', cents: 1 } }));
  const covering = { sequence: length, state: { balance: length } };
  await store.writeBatch([
    ...Array.from({ length }, (_, index) => ({ type: 'insert', target: events, key: keyOf(index + 1), data: event })),
    { type: 'put', target: snapshot, data: Buffer.from(JSON.stringify(covering)) },
  ]);
}

async function serveFastify() {
  const app = fastify();
  await app.register(accountRoutes, { store });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app.server;
}

async function serveExpress() {
  const server = createServer(createApp(store, new ActorSystem(store, account)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
