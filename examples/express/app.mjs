import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express from 'express';
import { linesOfHistory, pageOf } from '../shared/history.mjs';
import { failureOf, idempotencyKeyOf, integer } from '../shared/http.mjs';

/** @typedef {import('../actors/account.mjs').Account} Account */
/** @typedef {import('../actors/account.mjs').Command} Command */
/** @typedef {import('../actors/account.mjs').AccountEvent} AccountEvent */

/**
 * Accounts over HTTP.
 * @param {import('ave-actors-sqlite').DbManager} store
 * @param {import('../actors/actor-system.mjs').ActorSystem<Account, Command, AccountEvent>} accounts
 */
export function createApp(store, accounts) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '16kb' }));

  // Append an event. With an Idempotency-Key, a request that is sent again is answered with the current state, and never applied again.
  app.post('/accounts/:name/events', async (request, response) => {
    const { type, cents } = request.body ?? {};
    const key = idempotencyKeyOf(request.get('Idempotency-Key'));
    const { sequence, state, repeated } = await accounts.ask(request.params.name, { type, cents }, key);
    response.status(repeated ? 200 : 201).json({ sequence, ...state });
  });

  // The current state.
  app.get('/accounts/:name', async (request, response) => {
    const { sequence, state } = await accounts.read(request.params.name);
    if (sequence === 0) response.status(404).json({ code: 'ENTRY_NOT_FOUND', message: 'no such account' });
    else response.json({ sequence, ...state });
  });

  // The history, page by page: ask again with after=<next>.
  app.get('/accounts/:name/events', async (request, response) => {
    const page = {
      after: integer(request.query['after'], { otherwise: 0 }),
      limit: integer(request.query['limit'], { min: 1, max: 1000, otherwise: 100 }),
    };
    response.json(await pageOf(store, request.params.name, page));
  });

  // The whole history as JSON Lines. The socket asks for more when it has room; when the client goes away, the iteration ends.
  app.get('/accounts/:name/events/stream', async (request, response) => {
    const after = integer(request.query['after'], { otherwise: 0 });
    const lines = Readable.from(linesOfHistory(store, request.params.name, after));
    // What fails before the first line still gets a status.
    await once(lines, 'readable');
    response.type('application/x-ndjson');
    try {
      await pipeline(lines, response);
    } catch (error) {
      // The connection is closed by now, so that what broke off does not look complete. A client that went away is no failure of ours.
      if (!isPrematureClose(error)) console.error(error);
    }
  });

  app.use(answerFailure);
  return app;
}

/**
 * Express takes a function of four parameters for an error handler.
 * @param {unknown} error
 * @param {express.Request} _request
 * @param {express.Response} response
 * @param {express.NextFunction} _next
 */
function answerFailure(error, _request, response, _next) {
  const { status, code, message, retryAfter } = failureOf(error);
  if (status >= 500) console.error(error);
  if (retryAfter !== undefined) response.set('Retry-After', String(retryAfter));
  response.status(status).json({ code, message });
}

/** @param {unknown} error */
function isPrematureClose(error) {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
