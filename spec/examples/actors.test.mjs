import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryManager } from 'ave-actors-sqlite/memory';
import { account } from '../../examples/actors/account.mjs';
import { ActorSystem, Refusal } from '../../examples/actors/actor-system.mjs';
import { keyOf } from '../../examples/shared/sequence.mjs';
import { run } from './support.mjs';

const deposit = (cents) => ({ type: 'deposit', cents });

describe('the actor system', () => {
  it('applies every acknowledged message exactly once to 10,000 actors whose process is killed twice', async () => {
    const { code, stdout } = await run('actors/main.mjs', ['10000']);
    assert.match(stdout, /^10000 actors, 30000 deposits, 2 kills: /);
    assert.match(stdout, /^10000 actors alive at once, 0 with a wrong balance$/m);
    assert.equal(code, 0);
  });

  it('handles the messages of an actor one at a time, in the order they were sent', async () => {
    const accounts = new ActorSystem(await MemoryManager.open(), account);
    const answers = await Promise.all([1, 2, 3].map((cents) => accounts.ask('alice', deposit(cents))));
    assert.deepEqual(
      answers.map(({ sequence, state }) => [sequence, state.balance]),
      [
        [1, 1],
        [2, 3],
        [3, 6],
      ],
    );
  });

  it('answers a message that is sent again, before and after a restart, without applying it again', async () => {
    const store = await MemoryManager.open();
    for (const snapshotEvery of [1, 50]) {
      const name = `alice-${snapshotEvery}`;
      const before = new ActorSystem(store, account, { snapshotEvery });
      await before.ask(name, deposit(5), 'm1');
      assert.deepEqual(await before.ask(name, deposit(5), 'm1'), {
        sequence: 1,
        state: { balance: 5 },
        repeated: true,
      });
      const after = new ActorSystem(store, account, { snapshotEvery });
      assert.deepEqual(await after.ask(name, deposit(5), 'm1'), { sequence: 1, state: { balance: 5 }, repeated: true });
    }
  });

  it('writes nothing for a message that is refused, and goes on', async () => {
    const store = await MemoryManager.open();
    const accounts = new ActorSystem(store, account);
    await accounts.ask('alice', deposit(5));
    await assert.rejects(accounts.ask('alice', { type: 'withdraw', cents: 6 }), Refusal);
    assert.deepEqual(await accounts.read('alice'), { sequence: 1, state: { balance: 5 } });
    assert.deepEqual(
      (await (await store.createCollection('events', 'alice')).iter().then((all) => all.next())).value[0],
      keyOf(1),
    );
  });

  it('restarts an actor whose log another owner wrote to, and finds what is in the log', async () => {
    const store = await MemoryManager.open();
    const restarts = [];
    const accounts = new ActorSystem(store, account, { onRestart: (name, error) => restarts.push([name, error.code]) });
    await accounts.ask('alice', deposit(5));
    const log = await store.createCollection('events', 'alice');
    await log.insert(keyOf(2), Buffer.from(JSON.stringify({ event: { type: 'deposited', cents: 100 } })));
    await assert.rejects(accounts.ask('alice', deposit(1)), { code: 'ENTRY_EXISTS' });
    assert.deepEqual(restarts, [['alice', 'ENTRY_EXISTS']]);
    assert.deepEqual((await accounts.ask('alice', deposit(1))).state, { balance: 106 });
  });

  it('recovers from the latest snapshot and the events after it, without those before', async () => {
    const store = await MemoryManager.open();
    const before = new ActorSystem(store, account, { snapshotEvery: 3 });
    for (const cents of [1, 2, 3, 4]) await before.ask('alice', deposit(cents));
    await (await store.createCollection('events', 'alice')).delRange(undefined, keyOf(3));
    const after = new ActorSystem(store, account, { snapshotEvery: 3 });
    assert.deepEqual(await after.read('alice'), { sequence: 4, state: { balance: 10 } });
  });

  it('lets the actor go that was unused for longest when too many are alive', async () => {
    const accounts = new ActorSystem(await MemoryManager.open(), account, { maxAlive: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await accounts.ask(name, deposit(1));
    assert.equal(accounts.alive, 2);
    assert.deepEqual((await accounts.read('b')).state, { balance: 1 });
    assert.deepEqual((await accounts.read('a')).state, { balance: 2 });
  });

  it('handles what was sent before it is stopped and refuses what comes after', async () => {
    const accounts = new ActorSystem(await MemoryManager.open(), account);
    const sent = accounts.ask('alice', deposit(1));
    const stopped = accounts.stop();
    await assert.rejects(accounts.ask('alice', deposit(1)), { operation: 'stopped' });
    await stopped;
    assert.equal((await sent).sequence, 1);
  });
});
