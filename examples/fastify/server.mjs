/**
 * The service: `node server.mjs [directory]`, on the port in PORT (default 3000, 0 for any). SIGTERM or SIGINT ends it in order.
 */
import { fileURLToPath } from 'node:url';
import { endConnectionsWhenClosing } from '../shared/http.mjs';
import { createApp } from './app.mjs';

const GRACE_MS = 8000;

const directory = process.argv[2] ?? fileURLToPath(new URL('data', import.meta.url));
const app = await createApp(directory);
endConnectionsWhenClosing(app.server);
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) })}`);

process.once('SIGTERM', stop);
process.once('SIGINT', stop);

/** Requests that were accepted are answered, then the plugin stops the store. */
async function stop() {
  // Container runtimes kill after 10 s: a client that reads a long stream slowly cannot hold the end up for ever.
  const grace = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  await app.close();
  clearTimeout(grace);
  console.log('stopped');
}
