/**
 * The service: `node server.mjs [directory]`, on PORT (default 3000, 0 for any) of HOST (default 127.0.0.1; 0.0.0.0 in a container). SIGTERM or
 * SIGINT ends it in order.
 */
import { fileURLToPath } from 'node:url';
import { endConnectionsWhenClosing } from '../shared/http.mjs';
import { createApp } from './app.mjs';

const GRACE_MS = 8000;

const directory = process.argv[2] ?? fileURLToPath(new URL('data', import.meta.url));
const app = await createApp(directory, { logger: { level: 'warn' } });
endConnectionsWhenClosing(app.server);
const { PORT = '3000', HOST = '127.0.0.1' } = process.env;
console.log(`listening on ${await app.listen({ host: HOST, port: Number(PORT) })}`);

/** @type {Promise<void> | undefined} */
let stopping;
// on, not once: a second signal, which would end the process at once, changes nothing.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => (stopping ??= stop()));

/** Requests that were accepted are answered, then the plugin stops the store. */
async function stop() {
  // Container runtimes kill after 10 s: a client that reads a long stream slowly cannot hold the end up for ever.
  const grace = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  await app.close();
  clearTimeout(grace);
  console.log('stopped');
}
