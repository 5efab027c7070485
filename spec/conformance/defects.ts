/** What goes wrong with keys, values, single entries and batches. */
import type { BatchOperation, Collection, State } from '../../lib/index';
import { collect } from '../support/gates';
import type { Defect } from './sabotage';

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if ((error as { code?: unknown }).code !== code) throw error;
  };
}

/** Applies one operation by the handle's own method. */
function applyAlone(operation: BatchOperation): Promise<void> {
  const target = operation.target as Collection & State;
  switch (operation.type) {
    case 'put':
      return 'key' in operation ? target.put(operation.key, operation.data) : (target as State).put(operation.data);
    case 'insert':
      return target.insert(operation.key, operation.data);
    case 'del':
      return 'key' in operation ? target.del(operation.key) : (target as State).del();
    case 'delRange':
      return target.delRange(operation.start, operation.end);
    case 'purge':
      return target.purge();
  }
}

export const ENTRY_DEFECTS: readonly Defect[] = [
  {
    title: 'lets del of a missing key succeed',
    caughtBy: /a second del says so/,
    collection: (good) => ({ del: (key) => good.del(key).catch(ignoring('ENTRY_NOT_FOUND')) }),
  },
  {
    title: 'lets del of a missing state succeed',
    caughtBy: /a state is deleted once/,
    state: (good) => ({ del: () => good.del().catch(ignoring('ENTRY_NOT_FOUND')) }),
  },
  {
    title: 'replaces with insert',
    caughtBy: /is inserted once and never replaced/,
    collection: (good) => ({ insert: (key, data) => good.put(key, data) }),
  },
  {
    title: 'takes an empty value for a missing one',
    caughtBy: /the empty key and the empty value/,
    collection: (good) => ({
      find: async (key) => {
        const value = await good.find(key);
        return value?.length === 0 ? undefined : value;
      },
    }),
  },
  {
    title: 'rejects find of a missing entry',
    caughtBy: /is found as undefined when it is missing/,
    collection: (good) => ({ find: (key) => good.get(key) }),
  },
  {
    title: 'names the key without its prefix',
    caughtBy: /is not found after del/,
    collection: (good) => ({
      get: (key) =>
        good.get(key).catch((error: unknown) => {
          throw Object.assign(error as Error, { key });
        }),
    }),
  },
  {
    title: 'answers getMany in key order',
    caughtBy: /answers in the order asked/,
    collection: (good) => ({ getMany: (keys) => good.getMany([...keys].toSorted()) }),
  },
  {
    title: 'answers getMany only for the keys of one page',
    caughtBy: /getMany answers for more keys/,
    collection: (good) => ({
      getMany: async (keys) => {
        const asked = [...keys];
        return [...(await good.getMany(asked.slice(0, 100))), ...asked.slice(100).map(() => undefined)];
      },
    }),
  },
  {
    title: 'gives the oldest entry as the last',
    caughtBy: /last gives the entry with the greatest key/,
    collection: (good) => ({ last: async () => (await collect(good.iter({ limit: 1 })))[0] }),
  },
  {
    title: 'lets a purge reach the actors whose prefix begins alike',
    caughtBy: /never touch each other/,
    collection: (good, manager) => ({
      purge: async () => {
        for (const prefix of await collect(manager.prefixes(good.name))) {
          if (prefix.startsWith(good.prefix)) await (await manager.createCollection(good.name, prefix)).purge();
        }
      },
    }),
  },
  {
    title: 'takes actors whose prefixes begin alike for one',
    caughtBy: /never touch each other/,
    manager: (good) => ({
      createCollection: (identifier, prefix) => good.createCollection(identifier, prefix.replace(/\..*/, '')),
    }),
  },
  {
    title: 'opens a collection as a state',
    caughtBy: /was made for the other kind/,
    manager: (good) => ({
      createState: (identifier, prefix) =>
        good.createState(identifier, prefix).catch(() => good.createState(`${identifier}_state`, prefix)),
    }),
  },
  {
    title: 'tells identifiers apart by their case',
    caughtBy: /under any ASCII case/,
    manager: (good) => ({
      createCollection: (identifier, prefix) =>
        good.createCollection(
          identifier.replace(/[A-Z]/g, (letter) => `${letter}_`),
          prefix,
        ),
    }),
  },
  {
    title: 'cuts keys at NUL',
    caughtBy: /every method unchanged: NUL in the middle/,
    collection: (good) => ({ put: (key, data) => good.put(key.split('\0', 1)[0] ?? '', data) }),
  },
  {
    title: 'composes the letters of keys',
    caughtBy: /composed and decomposed/,
    collection: (good) => ({ put: (key, data) => good.put(key.normalize('NFC'), data) }),
  },
  {
    title: 'stores lone surrogates as U+FFFD',
    caughtBy: /wrong argument .*: put of a key/,
    collection: (good) => ({
      put: (key, data) => good.put(typeof key === 'string' ? key.toWellFormed() : key, data),
    }),
  },
  {
    title: 'takes text as data',
    caughtBy: /wrong argument .*: put of data/,
    collection: (good) => ({
      put: (key, data) => good.put(key, typeof data === 'string' ? Buffer.from(data) : data),
    }),
  },
  {
    title: 'throws for a wrong argument instead of rejecting',
    caughtBy: /wrong argument .*: del of a key/,
    collection: (good) => ({
      del: (key) => {
        if (typeof key !== 'string') throw Object.assign(new TypeError('key'), { code: 'INVALID_ARGUMENT' });
        return good.del(key);
      },
    }),
  },
  {
    title: 'keeps values as text',
    caughtBy: /every method unchanged: invalid UTF-8/,
    collection: (good) => ({ put: (key, data) => good.put(key, Buffer.from(Buffer.from(data).toString())) }),
  },
  {
    title: 'reads the bytes of a put after the call',
    caughtBy: /bytes are those of the call.*: put/,
    collection: (good) => ({
      put: async (key, data) => {
        await Promise.resolve();
        await good.put(key, data);
      },
    }),
  },
  {
    title: 'gives the same bytes to everybody who asks',
    caughtBy: /bytes that get gives belong to the caller/,
    collection: (good) => {
      const given = new Map<string, Promise<Buffer>>();
      return {
        get: (key) => {
          const value = given.get(key) ?? good.get(key);
          given.set(key, value);
          return value;
        },
      };
    },
  },
  {
    title: 'gives one Buffer for every duplicate of a getMany',
    caughtBy: /bytes that getMany gives belong to the caller/,
    collection: (good) => ({
      getMany: async (keys) => {
        const asked = [...keys];
        const values = await good.getMany(asked);
        return asked.map((key) => values[asked.indexOf(key)]);
      },
    }),
  },
  {
    title: 'lets a del overtake the put before it',
    caughtBy: /see the one before: del of a key just put/,
    collection: (good) => ({
      put: async (key, data) => {
        const copy = Buffer.from(data);
        await Promise.resolve();
        await good.put(key, copy);
      },
    }),
  },
  {
    title: 'lets a batch overtake the writes before it',
    caughtBy: /over the handles of one pair, and over batches/,
    collection: (good) => ({
      insert: async (key, data) => {
        await Promise.resolve();
        await good.insert(key, data);
      },
      del: async (key) => {
        await Promise.resolve();
        await good.del(key);
      },
    }),
  },
  {
    title: 'applies the operations of a batch until one fails',
    caughtBy: /leaves nothing behind/,
    manager: () => ({
      writeBatch: async (operations) => {
        for (const operation of operations) await applyAlone(operation);
      },
    }),
  },
  {
    title: 'applies the deletes of a batch first',
    caughtBy: /applies its operations in order/,
    manager: (good) => ({
      writeBatch: (operations) => good.writeBatch([...operations].toSorted((a, b) => a.type.localeCompare(b.type))),
    }),
  },
  {
    title: 'does not say which operation of a batch failed',
    caughtBy: /leaves nothing behind, and names the operation/,
    manager: (good) => ({
      writeBatch: (operations) =>
        good.writeBatch(operations).catch((error: unknown) => {
          const { message } = error as Error;
          throw Object.assign(error as Error, { message: message.replace(/ \(operation.*/, '') });
        }),
    }),
  },
  {
    title: 'reads the operations of a batch after the call',
    caughtBy: /operations of a batch are read before the call returns/,
    manager: (good) => ({
      writeBatch: async (operations) => {
        await Promise.resolve();
        await good.writeBatch(operations);
      },
    }),
  },
  {
    title: 'takes look-alikes of its handles into a batch',
    caughtBy: /must have handles of this manager/,
    manager: (good) => ({
      writeBatch: async (operations) => {
        const own = [...operations].map(async (operation) => {
          const { name, prefix } = operation.target;
          return { ...operation, target: await good.createCollection(name, prefix) } as BatchOperation;
        });
        await good.writeBatch(await Promise.all(own));
      },
    }),
  },
];
