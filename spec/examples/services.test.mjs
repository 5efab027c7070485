import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { constants } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteManager, StoreOperationError } from 'ave-actors-sqlite';
import { account } from '../../examples/actors/account.mjs';
import { ActorSystem } from '../../examples/actors/actor-system.mjs';
import { createApp as createExpress } from '../../examples/express/app.mjs';
import { createApp as createFastify } from '../../examples/fastify/app.mjs';
import { failureOf } from '../../examples/shared/http.mjs';
import { keyOf } from '../../examples/shared/sequence.mjs';
import { inDirectory, namesIn, serve } from './support.mjs';

const { fetch } = globalThis;
const CLIENTS = 50;
const LENGTH = 20_000;
const faults = fileURLToPath(new URL('../faults/faultfs.c', import.meta.url));
const canFail = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;

const json = (response) => response.json();

function deposit(url, name, cents, key) {
  return fetch(`${url}/accounts/${name}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify({ type: 'deposit', cents }),
  });
}

async function history(url, name) {
  const text = await fetch(`${url}/accounts/${name}/events/stream`).then((response) => response.text());
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

for (const framework of ['express', 'fastify']) {
  const program = `${framework}/server.mjs`;

  describe(`the ${framework} service`, () => {
    it('appends, reads, pages and streams, and does all of it again after a restart', async () => {
      await inDirectory(async (directory) => {
        const first = await serve(program, directory);
        for (const cents of [100, 20, 3]) {
          const response = await deposit(first.url, 'alice', cents);
          assert.equal(response.status, 201);
        }
        assert.equal(await first.end('SIGTERM'), 0);
        assert.deepEqual(await namesIn(directory), ['database.db']);

        const { url, end } = await serve(program, directory);
        assert.deepEqual(await fetch(`${url}/accounts/alice`).then(json), { sequence: 3, balance: 123 });
        const event = (sequence, cents) => ({ sequence, event: { type: 'deposited', cents } });
        const events = `${url}/accounts/alice/events`;
        assert.deepEqual(await fetch(`${events}?limit=2`).then(json), {
          events: [event(1, 100), event(2, 20)],
          next: 2,
        });
        assert.deepEqual(await fetch(`${events}?after=2&limit=2`).then(json), { events: [event(3, 3)] });
        assert.deepEqual(await history(url, 'alice'), [event(1, 100), event(2, 20), event(3, 3)]);
        assert.equal(await end('SIGINT'), 0);
      });
    });

    it('answers what is wrong with a status of its own', async () => {
      await inDirectory(async (directory) => {
        const { url, end } = await serve(program, directory);
        const status = async (response) => (await response).status;
        assert.equal(await status(fetch(`${url}/accounts/nobody`)), 404);
        assert.equal(await status(deposit(url, 'alice', 1.5)), framework === 'fastify' ? 400 : 422);
        assert.equal(await status(deposit(url, 'alice', -1)), 422);
        for (const query of ['limit=many', 'limit=0', 'limit=1001', 'after=-1', 'after=1e300'])
          assert.equal(await status(fetch(`${url}/accounts/alice/events?${query}`)), 400);
        for (const key of [' ', 'k'.repeat(201)]) assert.equal(await status(deposit(url, 'alice', 1, key)), 400);
        assert.equal(await status(fetch(`${url}/accounts/%ff`)), 400);
        const headers = { 'content-type': 'application/json' };
        assert.equal(await status(fetch(`${url}/accounts/alice/events`, { method: 'POST', headers, body: '{' })), 400);
        assert.deepEqual(await history(url, 'alice'), []);
        assert.equal(await end('SIGTERM'), 0);
      });
    });

    it('applies a request once that is sent again with the same Idempotency-Key', async () => {
      await inDirectory(async (directory) => {
        const { url, end } = await serve(program, directory);
        const first = await deposit(url, 'alice', 5, 'k1');
        const again = await deposit(url, 'alice', 5, 'k1');
        assert.deepEqual([first.status, again.status], [201, 200]);
        assert.deepEqual(await again.json(), { sequence: 1, balance: 5 });
        assert.equal((await deposit(url, 'alice', 6, 'k1')).status, 422);
        assert.equal(await end('SIGTERM'), 0);
      });
    });

    it('answers every request that it took when SIGTERM comes under load, and nothing that it answered is lost', async () => {
      await inDirectory(async (directory) => {
        const { url, end } = await serve(program, directory);
        const answered = Array.from({ length: CLIENTS }, () => 0);
        let total = 0;
        let ended;
        await Promise.all(
          answered.map(async (_, client) => {
            for (;;) {
              const response = await deposit(url, `account-${client}`, 1).catch(() => undefined);
              // Refused: closed before it was taken, or told to come again.
              if (response === undefined || response.status === 503) return;
              assert.equal(response.status, 201);
              assert.equal((await response.json()).sequence, (answered[client] += 1));
              if ((total += 1) === 500) ended = end('SIGTERM');
            }
          }),
        );
        assert.equal(await ended, 0);
        assert.deepEqual(await namesIn(directory), ['database.db']);
        const again = await serve(program, directory);
        const balances = answered.map((_, client) => fetch(`${again.url}/accounts/account-${client}`).then(json));
        assert.deepEqual(
          (await Promise.all(balances)).map(({ balance }) => balance),
          answered,
        );
        assert.equal(await again.end('SIGTERM'), 0);
      });
    });

    it('finishes the stream that is under way when SIGTERM comes, and comes again, and then waits for no connection', async () => {
      await inDirectory(async (directory) => {
        const store = await SqliteManager.open(directory);
        await fill(store);
        await store.stop();
        const { url, child, end } = await serve(program, directory);
        const agent = new Agent({ keepAlive: true });
        const [response] = await once(get(`${url}/accounts/alice/events/stream`, { agent }), 'response');
        await once(response, 'readable');
        const ended = end('SIGTERM');
        let isListening = true;
        while (isListening)
          isListening = await fetch(`${url}/accounts/bob`).then(
            (answer) => answer.status === 404,
            () => false,
          );
        child.kill('SIGTERM');
        assert.equal(await linesIn(response), LENGTH);
        const complete = performance.now();
        assert.equal(await ended, 0);
        // Sooner than Node lets go of a connection that is kept alive.
        assert.ok(performance.now() - complete < 2500);
        agent.destroy();
      });
    });

    it('has every answered request exactly once after a kill under load, and so has the client that sends the others again', async () => {
      await inDirectory(async (directory) => {
        const requests = 24;
        let service = await serve(program, directory);
        const restarts = new EventEmitter().setMaxListeners(CLIENTS);
        let total = 0;
        let sentAgain = 0;
        await Promise.all(
          Array.from({ length: CLIENTS }, async (_, client) => {
            for (let number = 1; number <= requests;) {
              const { url } = service;
              try {
                const response = await deposit(url, `account-${client}`, number, `${number}`);
                assert.equal((await response.json()).sequence, number);
              } catch (error) {
                if (error instanceof assert.AssertionError) throw error;
                sentAgain += 1;
                if (service.url === url) await once(restarts, 'restart');
                continue;
              }
              number += 1;
              if ((total += 1) === (CLIENTS * requests) / 2) {
                assert.equal(await service.end('SIGKILL'), 'SIGKILL');
                service = await serve(program, directory);
                restarts.emit('restart');
              }
            }
          }),
        );
        assert.ok(sentAgain > 0);
        const expected = Array.from({ length: requests }, (_, index) => ({
          sequence: index + 1,
          event: { type: 'deposited', cents: index + 1 },
        }));
        for (let client = 0; client < CLIENTS; client += 1) {
          assert.deepEqual(await history(service.url, `account-${client}`), expected);
        }
        assert.equal(await service.end('SIGTERM'), 0);
      });
    });

    it('says that the outcome is unknown when the disk fails in a commit, and applies the request once when it is sent again', async (context) => {
      if (!canFail) return context.skip('no gcc, or not Linux: the disk cannot be made to fail here');
      await inDirectory(async (directory) => {
        const library = join(directory, 'faultfs.so');
        execFileSync('gcc', ['-std=gnu11', '-shared', '-fPIC', '-o', library, faults, '-ldl', '-lpthread']);
        const failures = [];
        // The first fsyncs are those of the opening: the one of the deposit is found by going on.
        for (let at = 1; at <= 20 && !failures.includes('OUTCOME_UNKNOWN'); at += 1) {
          const data = join(directory, `data-${at}`);
          const fault = { FAULTFS_DIR: data, FAULTFS_CALLS: 'sync', FAULTFS_AT: String(at), FAULTFS_DO: 'fail-once' };
          const environment = { LD_PRELOAD: library, ...fault, FAULTFS_ERRNO: String(constants.errno.EIO) };
          const service = await serve(program, data, environment).catch(() => undefined);
          if (service === undefined) continue;
          // Makes the tables, unless that fails: then the deposit makes them.
          await fetch(`${service.url}/accounts/alice`).then(json);
          const first = await deposit(service.url, 'alice', 5, 'k1');
          if (first.status !== 201) failures.push((await first.json()).code);
          const again = await deposit(service.url, 'alice', 5, 'k1');
          assert.deepEqual(await again.json(), { sequence: 1, balance: 5 });
          assert.equal(await service.end('SIGTERM'), 0);
        }
        assert.deepEqual(failures, ['OUTCOME_UNKNOWN']);
      });
    });

    it('reads a long history no faster than the client takes it', async () => {
      await withHistory(framework, async ({ url, pulls }) => {
        const [response] = await once(get(`${url}/accounts/alice/events/stream`), 'response');
        await once(response, 'readable');
        // The client does not read on. The service has all the time of these requests to read ahead, and does not.
        for (let request = 0; request < 20; request += 1)
          await fetch(`${url}/accounts/alice/events?limit=1`).then(json);
        assert.equal(await linesIn(response), LENGTH);
        assert.ok(
          Math.max(...pulls.buffered) < 256 * 1024,
          `${Math.max(...pulls.buffered)} bytes waited in the service`,
        );
      });
    });

    it('answers a stream that fails before its first line with a status', async () => {
      await withHistory(framework, async ({ url, store }) => {
        await store.stop();
        assert.equal((await fetch(`${url}/accounts/alice/events/stream`)).status, 503);
      });
    });

    it('ends the iteration when the client goes away', async () => {
      await withHistory(framework, async ({ url, pulls }) => {
        const [response] = await once(get(`${url}/accounts/alice/events/stream`), 'response');
        await once(response, 'readable');
        response.destroy();
        await pulls.ended;
        assert.ok(pulls.buffered.length < LENGTH);
      });
    });
  });
}

async function linesIn(response) {
  let lines = 0;
  for await (const chunk of response) lines += chunk.toString('latin1').split('\n').length - 1;
  return lines;
}

/** Gives alice a history of some 40 MB: more than the sockets between a service and a client hold. */
async function fill(store) {
  const alice = await store.createCollection('events', 'alice');
  const data = Buffer.from(JSON.stringify({ event: { type: 'deposited', cents: 1, note: 'x'.repeat(2000) } }));
  const sequence = Array.from({ length: LENGTH }, (_, index) => index + 1);
  await store.writeBatch(sequence.map((number) => ({ type: 'insert', target: alice, key: keyOf(number), data })));
}

/** Runs `use` with a service in this process that has such a history, and with what it pulls of it. */
async function withHistory(framework, use) {
  await inDirectory(async (directory) => {
    const { server, store, close } = await inProcess(framework, directory);
    await fill(store);
    const responses = [];
    server.on('request', (_request, response) => responses.push(response));
    const pulls = observe(store, () => responses[0].writableLength);
    try {
      await use({ url: `http://127.0.0.1:${server.address().port}`, store, pulls });
    } finally {
      await close();
    }
  });
}

async function inProcess(framework, directory) {
  if (framework === 'fastify') {
    const app = await createFastify(directory);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { server: app.server, store: app.actorStore, close: () => app.close() };
  }
  const store = await SqliteManager.open(directory);
  const server = createServer(createExpress(store, new ActorSystem(store, account)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
    await store.stop();
  };
  return { server, store, close };
}

/** Tells of the first iteration to come: how many bytes waited for the client at each of its pulls, and its end. */
function observe(store, waiting) {
  const buffered = [];
  const createCollection = store.createCollection.bind(store);
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  store.createCollection = async (...identity) => {
    const collection = await createCollection(...identity);
    const iterRange = collection.iterRange.bind(collection);
    collection.iterRange = async function* (...bounds) {
      try {
        for await (const entry of iterRange(...bounds)) {
          buffered.push(waiting());
          yield entry;
        }
      } finally {
        end();
      }
    };
    store.createCollection = createCollection;
    return collection;
  };
  return { buffered, ended };
}

describe('the status of a failure', () => {
  it('tells apart what may be sent again from what may have happened', () => {
    const failure = (operation, context) => failureOf(new StoreOperationError(operation, 'reason', context));
    assert.deepEqual([failure('queue_full').status, failure('queue_full').retryAfter], [503, 1]);
    assert.equal(failure('stopped').status, 503);
    const unknown = failure('insert', { outcomeUnknown: true });
    assert.deepEqual([unknown.status, unknown.code, unknown.retryAfter], [500, 'OUTCOME_UNKNOWN', undefined]);
    const sqlite = (errno, code) => failure('insert', { cause: Object.assign(new Error('text'), { errno, code }) });
    assert.equal(sqlite(5, 'SQLITE_BUSY').status, 503);
    assert.equal(sqlite(13, 'SQLITE_FULL').status, 503);
    assert.equal(sqlite(8, 'SQLITE_READONLY').status, 500);
  });

  it('tells a client nothing of files', () => {
    const error = new StoreOperationError('insert', 'cannot write /var/lib/bank/database.db', {
      path: '/var/lib/bank',
    });
    assert.doesNotMatch(JSON.stringify(failureOf(error)), /bank/);
  });
});
