import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SqliteManager } from 'ave-actors-sqlite';
import { MemoryManager } from 'ave-actors-sqlite/memory';
import { account } from '../../examples/actors/account.mjs';
import { ActorSystem, Refusal } from '../../examples/actors/actor-system.mjs';
import { keyOf } from '../../examples/shared/sequence.mjs';
import { examples, inDirectory, run } from './support.mjs';

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

  it('never applies a message that is sent again, before and after a restart, however many came between', async () => {
    const store = await MemoryManager.open();
    const before = new ActorSystem(store, account);
    await before.ask('alice', deposit(5), 'm1');
    assert.deepEqual(await before.ask('alice', deposit(5), 'm1'), {
      sequence: 1,
      state: { balance: 5 },
      repeated: true,
    });
    for (let number = 2; number <= 200; number += 1) await before.ask('alice', deposit(1), `m${number}`);
    const after = new ActorSystem(store, account);
    for (const accounts of [before, after]) {
      assert.deepEqual(await accounts.ask('alice', deposit(5), 'm1'), {
        sequence: 200,
        state: { balance: 204 },
        repeated: true,
      });
    }
  });

  it('refuses another message with the id of one that was applied', async () => {
    const accounts = new ActorSystem(await MemoryManager.open(), account);
    await accounts.ask('alice', deposit(5), 'm1');
    await assert.rejects(accounts.ask('alice', deposit(6), 'm1'), Refusal);
    assert.equal((await accounts.ask('alice', deposit(6), 'm2')).sequence, 2);
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

  it('takes no log for whole that lacks an event', async () => {
    const store = await MemoryManager.open();
    const before = new ActorSystem(store, account);
    for (const cents of [1, 2, 3]) await before.ask('alice', deposit(cents));
    await (await store.createCollection('events', 'alice')).del(keyOf(2));
    await assert.rejects(new ActorSystem(store, account).read('alice'), /alice has no event 2/);
  });

  it('refuses messages beyond those that may wait, and takes messages again when those are answered', async () => {
    const accounts = new ActorSystem(await MemoryManager.open(), account, { maxWaiting: 2 });
    const sent = [accounts.ask('alice', deposit(1)), accounts.ask('alice', deposit(1))];
    await assert.rejects(accounts.ask('bob', deposit(1)), { operation: 'queue_full' });
    await Promise.all(sent);
    assert.equal((await accounts.ask('bob', deposit(1))).sequence, 1);
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

describe('the process of the actors', () => {
  it('answers a refusal and goes on, and answers all it applied when SIGTERM comes under load', async () => {
    await inDirectory(async (directory) => {
      const bank = fork(join(examples, 'actors/bank.mjs'), [directory]);
      const ended = once(bank, 'close');
      await once(bank, 'message');
      bank.send({ number: 0, name: 'alice', command: { type: 'withdraw', cents: 1 } });
      assert.match((await once(bank, 'message'))[0].error, /the balance is 0 cents/);

      const acknowledged = [];
      bank.on('message', ({ number, error }) => {
        if (error === undefined) acknowledged.push(String(number));
      });
      for (let number = 1; number <= 100; number += 1)
        bank.send({ number, name: `account-${number}`, command: deposit(1) }, () => undefined);
      await once(bank, 'message');
      bank.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);

      const store = await SqliteManager.open(directory);
      const applied = [];
      for await (const name of store.prefixes('messages')) {
        for await (const [id] of (await store.createCollection('messages', name)).iter()) applied.push(id);
      }
      await store.stop();
      assert.deepEqual(acknowledged.sort(), applied.sort());
    });
  });
});
