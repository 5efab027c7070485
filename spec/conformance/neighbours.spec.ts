import { dirname } from 'node:path';
import type { DbManager } from '../../lib/index';
import { testBackend } from '../../lib/testing/index';
import { useTemporary } from '../support/temporary';
import { amongNeighbours } from './neighbours';

const temporary = useTemporary();
const directories = new WeakMap<DbManager, string>();
let stores = 0;

async function open(directory: string): Promise<DbManager> {
  const manager = await temporary.open({ durability: true, readers: 1 }, directory);
  const busy = await amongNeighbours(manager);
  directories.set(busy, dirname(manager.path));
  return busy;
}

testBackend({
  name: 'SqliteManager, durable, with one reader and with neighbours in every call',
  open: () => open(temporary.path(`store-${stores++}`)),
  reopen: (stopped) => open(directories.get(stopped)!),
  killed: false,
  backup: false,
  consistentIterations: true,
  pageEntries: 1024,
});
