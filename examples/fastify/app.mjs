import { Readable } from 'node:stream';
import { fastifyActorStore } from 'ave-actors-sqlite/fastify';
import fastify from 'fastify';
import { account } from '../actors/account.mjs';
import { ActorSystem } from '../actors/actor-system.mjs';
import { linesOfHistory, pageOf } from '../shared/history.mjs';
import { MAX_AFTER, failureOf, idempotencyKeyOf } from '../shared/http.mjs';

const command = {
  type: 'object',
  required: ['type', 'cents'],
  properties: { type: { enum: ['deposit', 'withdraw'] }, cents: { type: 'integer' } },
};
const after = { type: 'integer', minimum: 0, maximum: MAX_AFTER, default: 0 };
const limit = { type: 'integer', minimum: 1, maximum: 1000, default: 100 };
const page = { type: 'object', properties: { after, limit } };
const rest = { type: 'object', properties: { after } };

/**
 * Accounts over HTTP, in a store of their own.
 * @param {string} directory
 * @param {import('fastify').FastifyServerOptions} [options]
 */
export async function createApp(directory, options) {
  const app = fastify(options);
  // Opens the store with the application and stops it with it, after the last answer.
  await app.register(fastifyActorStore, { directory });
  await app.register(accountRoutes, { store: app.actorStore });
  return app;
}

/** @type {import('fastify').FastifyPluginAsync<{ store: import('ave-actors-sqlite').DbManager }>} */
export const accountRoutes = async (app, { store }) => {
  const accounts = new ActorSystem(store, account, {
    onRestart: (name, error) => app.log.warn({ err: error, account: name }, 'the account restarts'),
  });
  // Before the store, which was registered outside, is stopped.
  app.addHook('onClose', () => accounts.stop());

  app.setErrorHandler((error, request, reply) => {
    const { status, code, message, retryAfter } = failureOf(error);
    if (status >= 500) request.log.error(error);
    if (retryAfter !== undefined) reply.header('Retry-After', retryAfter);
    return reply.status(status).send({ code, message });
  });

  // Append an event. With an Idempotency-Key, a request that is sent again is answered with the current state, and never applied again.
  app.post('/accounts/:name/events', { schema: { body: command } }, async (request, reply) => {
    const { name } = /** @type {{ name: string }} */ (request.params);
    const body = /** @type {import('../actors/account.mjs').Command} */ (request.body);
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    const { sequence, state, repeated } = await accounts.ask(name, body, key);
    return reply.status(repeated ? 200 : 201).send({ sequence, ...state });
  });

  // The current state.
  app.get('/accounts/:name', async (request, reply) => {
    const { name } = /** @type {{ name: string }} */ (request.params);
    const { sequence, state } = await accounts.read(name);
    if (sequence === 0) return reply.status(404).send({ code: 'ENTRY_NOT_FOUND', message: 'no such account' });
    return { sequence, ...state };
  });

  // The history, page by page: ask again with after=<next>.
  app.get('/accounts/:name/events', { schema: { querystring: page } }, async (request) => {
    const { name } = /** @type {{ name: string }} */ (request.params);
    return pageOf(store, name, /** @type {{ after: number, limit: number }} */ (request.query));
  });

  // The whole history as JSON Lines. The socket asks for more when it has room; when the client goes away, the iteration ends.
  app.get('/accounts/:name/events/stream', { schema: { querystring: rest } }, async (request, reply) => {
    const { name } = /** @type {{ name: string }} */ (request.params);
    const { after } = /** @type {{ after: number }} */ (request.query);
    reply.type('application/x-ndjson');
    return Readable.from(linesOfHistory(store, name, after));
  });
};
