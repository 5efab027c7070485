import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, readdir, watch, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { SqliteManager } from 'ave-actors-sqlite';
import { account } from '../../examples/actors/account.mjs';
import { ActorSystem } from '../../examples/actors/actor-system.mjs';
import { keyOf } from '../../examples/shared/sequence.mjs';
import { examples, inDirectory, run, start } from './support.mjs';

const orders = join(examples, 'quickstart/orders.jsonl');

/** The lines as an export gives them: actor by actor, those of an actor in their order. */
function byActor(text) {
  const lines = text.trimEnd().split('\n');
  const actorOf = (line) => JSON.parse(line).actor;
  return lines.toSorted((a, b) => (actorOf(a) < actorOf(b) ? -1 : actorOf(a) > actorOf(b) ? 1 : 0));
}

const linesOf = (text) => text.trimEnd().split('\n');

describe('import and export', () => {
  it('give back the lines of a file', async () => {
    await inDirectory(async (directory) => {
      const store = join(directory, 'store');
      const imported = await run('scripts/import.mjs', [orders, store]);
      assert.match(imported.stdout, /^2892 lines in .* s, 0 malformed\n$/);
      assert.equal(imported.code, 0);
      const exported = await run('scripts/export.mjs', [store]);
      assert.deepEqual(linesOf(exported.stdout), byActor(await readFile(orders, 'utf8')));
      const one = await run('scripts/export.mjs', [store, 'customer-07']);
      assert.deepEqual(
        linesOf(one.stdout),
        linesOf(exported.stdout).filter((line) => line.includes('"customer-07"')),
      );
      assert.deepEqual(await readdir(store), ['database.db']);
    });
  });

  it('take a second file behind the first, and none of a file twice', async () => {
    await inDirectory(async (directory) => {
      const store = join(directory, 'store');
      const second = join(directory, 'second.jsonl');
      await writeFile(second, '{"actor":"customer-07","n":1}\n\n{"actor":"customer-07"\n{"actor":"customer-07","n":2}');
      await run('scripts/import.mjs', [orders, store]);
      const imported = await run('scripts/import.mjs', [second, store]);
      assert.match(imported.stderr, /^second\.jsonl:3: /);
      assert.equal(imported.code, 1);
      await run('scripts/import.mjs', [orders, store]);
      await run('scripts/import.mjs', [second, store]);
      const exported = await run('scripts/export.mjs', [store]);
      const added = '{"actor":"customer-07","n":1}\n{"actor":"customer-07","n":2}';
      assert.deepEqual(linesOf(exported.stdout), byActor(`${await readFile(orders, 'utf8')}${added}`));
    });
  });

  it('go on behind the lines of a file that has grown, and refuse one that has changed', async () => {
    await inDirectory(async (directory) => {
      const store = join(directory, 'store');
      const file = join(directory, 'log.jsonl');
      const [one, two, three] = [1, 2, 3].map((n) => `{"actor":"a","n":${n}}`);
      for (const text of [one, `${one}\n${two}`]) {
        await writeFile(file, text);
        assert.match((await run('scripts/import.mjs', [file, store])).stdout, /^1 lines /);
      }
      for (const text of [`${three}\n${two}\n${one}`, one]) {
        await writeFile(file, text);
        const { code, stderr } = await run('scripts/import.mjs', [file, store]);
        assert.match(stderr, /log\.jsonl has changed in its first 2 lines/);
        assert.equal(code, 1);
      }
      const exported = await run('scripts/export.mjs', [store]);
      assert.deepEqual(linesOf(exported.stdout), [one, two]);
    });
  });

  it('stop at a failure of the store, which is no malformed line', async () => {
    await inDirectory(async (directory) => {
      // A table of another shape: every log fails to open.
      await using(directory, (store) => store.createState('events', 'customer-07'));
      const { code, stdout, stderr } = await run('scripts/import.mjs', [orders, directory]);
      assert.match(stderr, /CreateStoreError/);
      assert.deepEqual([code, stdout], [1, '']);
      await using(directory, async (store) => {
        for await (const name of store.prefixes('imports')) assert.fail(`progress is kept of ${name}`);
      });
    });
  });

  it('keep an event with its actor, whatever its properties say, and tell of events that are gone', async () => {
    await inDirectory(async (directory) => {
      await using(directory, async (store) => {
        const events = await store.createCollection('events', 'alice');
        await events.insert(keyOf(2), Buffer.from('{"actor":"bob"}'));
      });
      const { stdout, stderr } = await run('scripts/export.mjs', [directory]);
      assert.equal(stdout, '{"actor":"alice"}\n');
      assert.match(stderr, /^1 actors lack their first events/);
    });
  });

  it('lose no line and double none when the import is killed at any moment and started again', async () => {
    await inDirectory(async (directory) => {
      const store = join(directory, 'store');
      const file = join(directory, 'many.jsonl');
      const { stdout: lines } = await run('quickstart/make-orders.mjs', ['40000']);
      await writeFile(file, lines);
      await mkdir(store);
      for (const changes of [1, 300, 600])
        await killAfterChanges(start('scripts/import.mjs', [file, store]), store, changes);
      const imported = await run('scripts/import.mjs', [file, store]);
      assert.equal(imported.code, 0);
      const exported = await run('scripts/export.mjs', [store]);
      assert.deepEqual(linesOf(exported.stdout), byActor(lines));
    });
  });

  it('end quietly when the reader of the export has seen enough', async () => {
    await inDirectory(async (directory) => {
      const store = join(directory, 'store');
      await run('scripts/import.mjs', [orders, store]);
      const child = start('scripts/export.mjs', [store]);
      const closed = once(child, 'close');
      await once(child.stdout, 'data');
      child.stdout.destroy();
      assert.deepEqual(await closed, [0, null]);
    });
  });

  it('make no store where there was none to export', async () => {
    await inDirectory(async (directory) => {
      const { code, stderr } = await run('scripts/export.mjs', [directory]);
      assert.match(stderr, /there is no store in /);
      assert.equal(code, 1);
      assert.deepEqual(await readdir(directory), []);
    });
  });
});

describe('compact', () => {
  it('removes what the snapshots cover, and every actor recovers as before', async () => {
    await inDirectory(async (directory) => {
      const names = Array.from({ length: 20 }, (_, index) => `account-${index}`);
      const deposit = { type: 'deposit', cents: 1 };
      const snapshotEvery = 10;
      await using(directory, async (store) => {
        const accounts = new ActorSystem(store, account, { snapshotEvery });
        await Promise.all(names.flatMap((name) => Array.from({ length: 25 }, () => accounts.ask(name, deposit))));
      });
      assert.deepEqual(await run('scripts/compact.mjs', [directory]), {
        code: 0,
        stdout: '20 actors compacted\n',
        stderr: '',
      });
      await using(directory, async (store) => {
        const accounts = new ActorSystem(store, account, { snapshotEvery });
        for (const name of names) {
          const events = await store.createCollection('events', name);
          const keys = [];
          for await (const [key] of events.iter()) keys.push(key);
          assert.deepEqual(keys, [20, 21, 22, 23, 24, 25].map(keyOf));
          assert.deepEqual(await accounts.read(name), { sequence: 25, state: { balance: 25 } });
          assert.equal((await accounts.ask(name, deposit)).sequence, 26);
        }
      });
    });
  });
});

describe('compact, of a snapshot that does not say what it covers,', () => {
  it('removes nothing', async () => {
    await inDirectory(async (directory) => {
      await using(directory, async (store) => {
        await (await store.createCollection('events', 'alice')).insert(keyOf(1), Buffer.from('{}'));
        await (await store.createState('snapshots', 'alice')).put(Buffer.from('{"version":1}'));
      });
      const { code, stderr } = await run('scripts/compact.mjs', [directory]);
      assert.match(stderr, /the snapshot of alice does not say which events it covers/);
      assert.equal(code, 1);
      await using(directory, async (store) => {
        assert.equal((await (await store.createCollection('events', 'alice')).last())?.[0], keyOf(1));
      });
    });
  });
});

describe('tail', () => {
  it('prints the latest events, then those that another process appends, until it is interrupted', async () => {
    await inDirectory(async (directory) => {
      const event = (number) => Buffer.from(JSON.stringify({ number }));
      await using(directory, async (store) => {
        const events = await store.createCollection('events', 'alice');
        for (let number = 1; number <= 12; number += 1) await events.insert(keyOf(number), event(number));

        const child = start('scripts/tail.mjs', [directory, 'alice']);
        const closed = once(child, 'close');
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        const next = async () => JSON.parse((await lines.next()).value).number;
        for (let number = 3; number <= 12; number += 1) assert.equal(await next(), number);
        for (const number of [13, 14, 15]) {
          await events.insert(keyOf(number), event(number));
          assert.equal(await next(), number);
        }
        child.kill('SIGINT');
        assert.deepEqual(await closed, [0, null]);
      });
      assert.deepEqual(await readdir(directory), ['database.db']);
    });
  });
});

/** Kills a process when so many changes of the write-ahead log have been seen from outside. */
async function killAfterChanges(child, directory, changes) {
  const closed = once(child, 'close');
  const done = new globalThis.AbortController();
  void closed.then(() => done.abort());
  try {
    for await (const { filename } of watch(directory, { signal: done.signal })) {
      if (filename === 'database.db-wal') changes -= 1;
      if (changes === 0) child.kill('SIGKILL');
    }
  } catch (error) {
    if (!done.signal.aborted) throw error;
  }
  assert.deepEqual(await closed, [null, 'SIGKILL']);
}

async function using(directory, use) {
  const store = await SqliteManager.open(directory);
  try {
    await use(store);
  } finally {
    await store.stop();
  }
}
