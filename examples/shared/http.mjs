import { StoreError } from 'ave-actors-sqlite';
import { Refusal } from '../actors/actor-system.mjs';

/**
 * What a failed request is answered with.
 * @param {unknown} error
 * @returns {{ status: number, code: string, message: string, retryAfter?: number }}
 */
export function failureOf(error) {
  if (error instanceof Refusal) return { status: 422, code: 'REFUSED', message: error.message };
  if (error instanceof StoreError)
    return storeFailureOf(/** @type {import('ave-actors-sqlite').AnyStoreError} */ (error));
  // What Express and Fastify found wrong with the request themselves.
  if (error instanceof Error) {
    const { status, statusCode = status } = /** @type {{ status?: number, statusCode?: number }} */ (error);
    if (statusCode !== undefined && statusCode < 500)
      return { status: statusCode, code: 'BAD_REQUEST', message: error.message };
  }
  return { status: 500, code: 'INTERNAL', message: 'internal error' };
}

// Both pass by themselves: a lock that another process holds, a disk that is full.
const PASSING = ['SQLITE_BUSY', 'SQLITE_FULL'];

/**
 * A client is told no more than what it can act on: the messages of the store name files.
 * @param {import('ave-actors-sqlite').AnyStoreError} error
 */
function storeFailureOf(error) {
  const { code, sqliteName = '' } = error;
  if (code === 'ENTRY_EXISTS')
    return { status: 409, code, message: 'another process wrote to this account: send it again' };
  if (code === 'STORE' && error.outcomeUnknown) {
    return {
      status: 500,
      code: 'OUTCOME_UNKNOWN',
      message: 'stored or not: send it again with its Idempotency-Key alone',
    };
  }
  const isRefused = code === 'STORE' && (error.operation === 'queue_full' || error.operation === 'stopped');
  if (isRefused || PASSING.includes(sqliteName)) {
    return { status: 503, code: 'UNAVAILABLE', message: 'nothing was stored: send it again later', retryAfter: 1 };
  }
  return { status: 500, code, message: 'the store failed' };
}

const MAX_KEY_LENGTH = 200;

/**
 * The id of a request that may be sent again.
 * @param {string | string[] | undefined} header
 */
export function idempotencyKeyOf(header) {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header.length > 0 && header.length <= MAX_KEY_LENGTH) return header;
  throw badRequest(`expected an Idempotency-Key of 1 to ${MAX_KEY_LENGTH} characters`);
}

/** The greatest number of an event that can be asked for; the one after it must be a safe integer too. */
export const MAX_AFTER = Number.MAX_SAFE_INTEGER - 1;

/**
 * A number of a query string.
 * @param {unknown} text
 * @param {{ min?: number, max?: number, otherwise: number }} bounds
 */
export function integer(text, { min = 0, max = MAX_AFTER, otherwise }) {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (typeof text === 'string' && text !== '' && Number.isSafeInteger(number) && number >= min && number <= max)
    return number;
  throw badRequest(`expected an integer from ${min} to ${max}, received ${JSON.stringify(text)}`);
}

/** @param {string} message */
function badRequest(message) {
  return Object.assign(new Error(message), { statusCode: 400 });
}

/**
 * Lets a server that is closing close soon. `server.close()` ends the connections that are idle at that moment; one that waited for an answer
 * then would be kept alive after it, for as long as the client likes. Here it ends with its answer.
 * @param {import('node:http').Server} server
 */
export function endConnectionsWhenClosing(server) {
  server.prependListener('request', (request, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    response.once('finish', () => {
      if (!server.listening) request.socket.destroySoon();
    });
  });
}
