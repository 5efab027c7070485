/**
 * The service: `node server.mjs [directory]`, on PORT (default 3000, 0 for any) of HOST (default 127.0.0.1; 0.0.0.0 in a container). SIGTERM or
 * SIGINT ends it in order.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { SqliteManager } from 'ave-actors-sqlite';
import { account } from '../actors/account.mjs';
import { ActorSystem } from '../actors/actor-system.mjs';
import { endConnectionsWhenClosing } from '../shared/http.mjs';
import { createApp } from './app.mjs';

const GRACE_MS = 8000;

const directory = process.argv[2] ?? fileURLToPath(new URL('data', import.meta.url));
const store = await SqliteManager.open(directory, { logger: console });
const accounts = new ActorSystem(store, account, {
  onRestart: (name, error) => console.error(`account ${name} restarts:`, error),
});
const server = createServer(createApp(store, accounts));
endConnectionsWhenClosing(server);

const { PORT = '3000', HOST = '127.0.0.1' } = process.env;
server.listen(Number(PORT), HOST);
await once(server, 'listening');
console.log(`listening on http://${HOST}:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`);

/** @type {Promise<void> | undefined} */
let stopping;
// on, not once: a second signal, which would end the process at once, changes nothing.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => (stopping ??= stop()));

/** Requests that were accepted are answered, then the messages in the mailboxes are committed, then the file is closed. */
async function stop() {
  const closed = once(server, 'close');
  server.close();
  // Container runtimes kill after 10 s: a client that reads a long stream slowly cannot hold the end up for ever.
  const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(grace);
  await accounts.stop();
  await store.stop();
  console.log('stopped');
}
