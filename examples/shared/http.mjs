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
  if (error instanceof TypeError && 'code' in error && error.code === 'INVALID_ARGUMENT') {
    return { status: 400, code: error.code, message: error.message };
  }
  // What Express and Fastify found wrong with the request themselves.
  if (error instanceof Error) {
    const { status, statusCode = status } = /** @type {{ status?: number, statusCode?: number }} */ (error);
    if (statusCode !== undefined && statusCode < 500)
      return { status: statusCode, code: 'BAD_REQUEST', message: error.message };
  }
  return { status: 500, code: 'INTERNAL', message: 'internal error' };
}

/** @param {import('ave-actors-sqlite').AnyStoreError} error */
function storeFailureOf(error) {
  const { code, message } = error;
  switch (code) {
    case 'ENTRY_NOT_FOUND':
      return { status: 404, code, message };
    case 'ENTRY_EXISTS':
      // Another process wrote to the same account.
      return { status: 409, code, message };
    case 'STORE':
      // It may be in the file or not: sending it again is safe with the same Idempotency-Key alone.
      if (error.outcomeUnknown) return { status: 500, code: 'OUTCOME_UNKNOWN', message };
      // Nothing of it is in the file: whoever sends it again loses nothing.
      return { status: 503, code: error.operation.toUpperCase(), message, retryAfter: 1 };
    default:
      return { status: 500, code, message };
  }
}

/**
 * A number of a query string.
 * @param {unknown} text
 * @param {number} otherwise
 */
export function integer(text, otherwise) {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (typeof text === 'string' && text !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  throw Object.assign(new Error(`expected an integer of 0 or more, received ${JSON.stringify(text)}`), {
    statusCode: 400,
  });
}

/**
 * Lets a server that is closing close soon. `server.close()` ends the connections that are idle at that moment; one that waited for an answer
 * then would be kept alive after it, for as long as the client likes. Here it ends with its answer.
 * @param {import('node:http').Server} server
 */
export function endConnectionsWhenClosing(server) {
  server.on('request', (request, response) => {
    response.once('finish', () => {
      if (!server.listening) request.socket.destroySoon();
    });
  });
}
