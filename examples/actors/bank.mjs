/**
 * The process that the actors live in. Takes requests from its parent and answers each when it is committed; ends in order on SIGTERM.
 *
 * @typedef {{ number: number, name: string, command?: import('./account.mjs').Command }} Request without a command: a question for the state
 * @typedef {{ number: number, sequence: number, balance: number, repeated: boolean, alive: number }} Reply
 */
import { SqliteManager } from 'ave-actors-sqlite';
import { account } from './account.mjs';
import { ActorSystem } from './actor-system.mjs';

const [, , directory = 'data'] = process.argv;
const store = await SqliteManager.open(directory);
const accounts = new ActorSystem(store, account);

process.on('message', async (/** @type {Request} */ { number, name, command }) => {
  // The number is the message's id: a request that is sent again is not applied again.
  const asked = command === undefined ? accounts.read(name) : accounts.ask(name, command, String(number));
  const { sequence, state, ...answer } = await asked;
  /** @type {Reply} */
  const reply = { number, sequence, balance: state.balance, repeated: false, ...answer, alive: accounts.alive };
  process.send?.(reply);
});

process.once('SIGTERM', async () => {
  process.disconnect();
  await accounts.stop();
  await store.stop();
});
process.send?.('ready');
