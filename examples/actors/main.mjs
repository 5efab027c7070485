/**
 * 10,000 actors in a process that is killed twice in the middle of its work: `node main.mjs [actors] [directory]`.
 *
 * Three deposits go to every actor. After each SIGKILL the process is started again, and every deposit that was not acknowledged is sent again.
 * In the end each actor must hold the sum of its deposits: each was applied exactly once.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./bank.mjs').Request} Request */
/** @typedef {import('./bank.mjs').Reply} Reply */
/** @typedef {import('./bank.mjs').Failure} Failure */

const IN_FLIGHT = 1000;
const DEPOSITS_EACH = 3;

const actors = Number(process.argv[2] ?? 10_000);
if (!(Number.isSafeInteger(actors) && actors > 0)) throw new Error('usage: node main.mjs [actors] [directory]');
const directory = process.argv[3] ?? (await mkdtemp(join(tmpdir(), 'actors-')));
const bank = fileURLToPath(new URL('bank.mjs', import.meta.url));

/** @param {number} index */
const nameOf = (index) => `account-${index}`;
const deposits = Array.from({ length: actors * DEPOSITS_EACH }, (_, number) => ({
  number,
  name: nameOf(number % actors),
  command: { type: /** @type {const} */ ('deposit'), cents: 1 + (number % 997) },
}));

try {
  const start = performance.now();
  /** @type {Request[]} */
  let open = deposits;
  let sentAgain = 0;
  let recognised = 0;
  for (const killAfter of [deposits.length / 3, deposits.length / 3, Infinity]) {
    const { replies, unanswered } = await send(open, killAfter);
    const acknowledged = new Set(replies.map(({ number }) => number));
    open = open.filter(({ number }) => !acknowledged.has(number));
    sentAgain += unanswered;
    recognised += replies.filter(({ repeated }) => repeated).length;
  }
  const seconds = (performance.now() - start) / 1000;

  /** @type {Map<string, number>} */
  const expected = new Map();
  for (const { name, command } of deposits) expected.set(name, (expected.get(name) ?? 0) + command.cents);
  const names = [...expected.keys()];
  const { replies } = await send(
    names.map((name, number) => ({ number, name })),
    Infinity,
  );
  const wrong = replies.filter(({ number, balance }) => balance !== expected.get(nameOf(number)));
  const alive = Math.max(...replies.map((reply) => reply.alive));

  console.log(`${actors} actors, ${deposits.length} deposits, 2 kills: ${seconds.toFixed(1)} s`);
  console.log(`${sentAgain} deposits sent again, ${recognised} of them recognised as applied before`);
  console.log(`${alive} actors alive at once, ${wrong.length} with a wrong balance`);
  if (open.length > 0 || wrong.length > 0 || replies.length !== actors) process.exitCode = 1;
} finally {
  if (process.argv[3] === undefined) await rm(directory, { recursive: true });
}

/**
 * Starts the process, sends it the requests, a thousand at a time in flight, and collects the replies. With a number to kill after, the process
 * is killed when so many replies have come; else it is ended in order.
 * @param {Request[]} requests
 * @param {number} killAfter
 */
async function send(requests, killAfter) {
  if (requests.length === 0) return { replies: [], unanswered: 0 };
  const child = fork(bank, [directory]);
  const ended = once(child, 'close');
  const [first] = await Promise.race([once(child, 'message'), ended]);
  if (first !== 'ready') throw new Error('the process did not start');
  /** @type {Reply[]} */
  const replies = [];
  let sent = 0;
  const sendNext = () => {
    const request = requests[sent];
    if (request === undefined) return;
    sent += 1;
    // A request that reaches a killed process no more is not answered, and sent again to the next one.
    child.send(request, () => undefined);
  };
  child.on('message', (/** @type {Reply | Failure} */ reply) => {
    if ('error' in reply) throw new Error(`request ${reply.number} failed: ${reply.error}`);
    replies.push(reply);
    if (replies.length >= killAfter) child.kill('SIGKILL');
    else if (replies.length === requests.length) child.kill('SIGTERM');
    else sendNext();
  });
  while (sent < Math.min(IN_FLIGHT, requests.length)) sendNext();
  const [code, signal] = await ended;
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the process ended with ${code ?? signal}`);
  return { replies, unanswered: sent - replies.length };
}
