/** The suite under Node's own runner. The argument names the backend. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SqliteManager } from '../../lib/index';
import { MemoryManager } from '../../lib/memory/index';
import { testBackend } from '../../lib/testing/index';

const parts = { killed: false, backup: false, consistentIterations: true } as const;

switch (process.argv[2]) {
  case 'memory':
    testBackend({ name: 'MemoryManager', open: () => MemoryManager.open(), reopen: false, ...parts }, { describe, it });
    break;
  case 'sqlite': {
    const directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'));
    after(() => rmSync(directory, { recursive: true, force: true }));
    let stores = 0;
    const open = (store: string): Promise<SqliteManager> => SqliteManager.open(store, { durability: false });
    testBackend(
      {
        name: 'SqliteManager',
        open: () => open(join(directory, String(stores++))),
        reopen: (stopped) => open(dirname(stopped.path)),
        ...parts,
      },
      { describe, it },
    );
    break;
  }
  case 'broken':
    testBackend(
      {
        name: 'a manager that does not stop',
        open: async () => Object.assign(await MemoryManager.open(), { stop: () => Promise.resolve() }),
        reopen: false,
        ...parts,
      },
      { describe, it },
    );
    break;
}
