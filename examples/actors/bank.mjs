/**
 * The process that the actors live in. Takes requests from its parent and answers each when it is committed; ends in order on SIGTERM.
 *
 * @typedef {{ number: number, name: string, command?: import('./account.mjs').Command }} Request without a command: a question for the state
 * @typedef {{ number: number, sequence: number, balance: number, repeated: boolean, alive: number }} Reply
 * @typedef {{ number: number, error: string }} Failure nothing was applied; the actors go on
 */
import { SqliteManager } from 'ave-actors-sqlite';
import { account } from './account.mjs';
import { ActorSystem } from './actor-system.mjs';

const [, , directory = 'data'] = process.argv;
const store = await SqliteManager.open(directory);
const accounts = new ActorSystem(store, account);

process.on('message', async (/** @type {Request} */ request) => {
  // A parent that has gone needs no answer: the error of a closed channel is left alone.
  process.send?.(await answer(request), () => undefined);
});

process.once('SIGTERM', async () => {
  await accounts.stop();
  await store.stop();
  // Not disconnect(): the answers under way still go out, and then nothing keeps the process alive.
  process.channel?.unref();
});
process.send?.('ready');

/**
 * @param {Request} request
 * @returns {Promise<Reply | Failure>}
 */
async function answer({ number, name, command }) {
  try {
    // The number is the message's id: a request that is sent again is not applied again.
    const asked = command === undefined ? accounts.read(name) : accounts.ask(name, command, String(number));
    const { sequence, state, ...rest } = await asked;
    return { number, sequence, balance: state.balance, repeated: false, ...rest, alive: accounts.alive };
  } catch (error) {
    return { number, error: String(error) };
  }
}
