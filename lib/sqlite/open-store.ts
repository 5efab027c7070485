/** Opens all connections of a store, or none. */
import { CreateStoreError, StoreError, reasonOf } from '../errors';
import { Connection, type ConnectionOptions } from './connection';
import type { Settings } from './options';
import * as sql from './statements';
import { checkFile, claim, makeDirectory, openWriter, syncNames, whyNotOpened } from './store-file';

/** A store that is open. */
export interface OpenStore {
  readonly path: string;
  readonly settings: Settings;
  readonly writer: Connection;
  readonly readers: readonly Connection[];
  /** Of the file, which another program may have made. */
  readonly pageBytes: number;
  /** A reader more, for one long read. */
  readonly openReader: () => Promise<Connection>;
  /** Lets the file be opened again in this process. */
  readonly release: () => void;
}

/** Rejects with `CreateStoreError`, and leaves nothing open. */
export async function openStore(path: string, settings: Settings): Promise<OpenStore> {
  const { durability, sizing } = settings;
  const connectionOptions = (role: ConnectionOptions['role']): ConnectionOptions => ({ role, durability, sizing });
  const openReader = (): Promise<Connection> => Connection.open(path, connectionOptions('reader'));
  let release: (() => void) | undefined;
  let writer: Connection | undefined;
  const readers: Connection[] = [];
  try {
    await makeDirectory(path);
    release = await claim(path);
    await checkFile(path);
    writer = await openWriter(path, connectionOptions('writer'));
    while (readers.length < settings.readers) readers.push(await openReader());
    if (durability) await syncNames(path);
    await writer.exec(sql.OPTIMIZE_AT_OPEN).catch((cause: unknown) => {
      settings.logger.warn({ path, err: cause }, `optimize failed at open: ${reasonOf(cause)}`);
    });
    const [page] = await writer.all<{ page_size: number }>(sql.READ_PAGE_SIZE);
    return { path, settings, writer, readers, pageBytes: page?.page_size ?? 0, openReader, release };
  } catch (cause) {
    // Readers before the writer: the last connection removes the WAL, and a reader cannot.
    for (const reader of readers) await reader.close().catch(() => undefined);
    await writer?.close().catch(() => undefined);
    release?.();
    if (cause instanceof StoreError) throw cause;
    throw new CreateStoreError(`${path}: ${await whyNotOpened(path, cause)}`, { path, cause });
  }
}
