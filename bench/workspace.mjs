/** Directories and stores that live as long as they are needed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `use` with an empty directory, and removes it afterwards. */
export async function withDirectory(use) {
  const directory = mkdtempSync(join(tmpdir(), 'actors-bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Opens a store of each contender, each in a directory of its own, runs `use` with them by name, and closes them.
 * @param {readonly import('./contenders/index.mjs').Contender[]} contenders
 * @param {{ durable: boolean, actors: number }} options
 * @param {(stores: Map<string, import('./contenders/index.mjs').Store>) => Promise<T>} use
 * @returns {Promise<T>}
 * @template T
 */
export async function withStores(contenders, { durable, actors }, use) {
  if (contenders.length === 0) return use(new Map());
  const [{ name, open }, ...others] = contenders;
  return withDirectory(async (directory) => {
    const store = await open(directory, durable, actors);
    try {
      return await withStores(others, { durable, actors }, (stores) => use(new Map([[name, store], ...stores])));
    } finally {
      await store.settle?.();
      await store.close();
    }
  });
}
