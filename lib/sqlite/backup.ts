/** Copies the store into a file of its own while work goes on. */
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreOperationError, invalidArgument } from '../errors';
import { checkText } from '../validate';
import type { Connection } from './connection';
import { VACUUM_INTO } from './statements';
import { syncDirectory, whyNotOpened } from './store-file';

/** The absolute path of a backup's file. */
export function backupPath(file: unknown): string {
  const path = typeof file === 'object' && file !== null ? urlPath(file) : checkText(file, 'file');
  if (path === '' || path.includes('\0')) throw invalidArgument('file', 'a path', file);
  return resolve(path);
}

function urlPath(file: object): string {
  try {
    return fileURLToPath((file as URL).href);
  } catch {
    throw invalidArgument('file', 'a path or a file: URL', file);
  }
}

/**
 * Writes one moment of the file, compact, to `target`, which must not exist. The copy is made under another name and gets its own when it is
 * complete and on the disk: a killed process leaves a `.partial` file, never half a backup. When it rejects, there is no target.
 */
export async function backUp(openReader: () => Promise<Connection>, storePath: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}-${Date.now()}`;
  try {
    await refuseExisting(target);
    await vacuumInto(openReader, partial);
    await syncFile(partial);
    await publish(partial, target);
  } catch (cause) {
    throw new StoreOperationError('backup', `to ${target}: ${await whyNotOpened(storePath, cause)}`, {
      path: storePath,
      cause,
    });
  } finally {
    await remove(partial);
    await remove(`${partial}-journal`);
  }
}

/** As far as it goes: what else happened matters more. */
async function remove(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/** On a connection of its own: it may take long, and a pooled reader would be missed. */
async function vacuumInto(openReader: () => Promise<Connection>, file: string): Promise<void> {
  const connection = await openReader();
  try {
    await connection.run(VACUUM_INTO, [file]);
  } finally {
    await connection.close();
  }
}

async function refuseExisting(target: string): Promise<void> {
  const existing = await lstat(target).catch(() => undefined);
  if (existing !== undefined) throw new Error('the file exists already');
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a file system says that has no hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** Gives the finished copy its name, unless somebody else has taken it meanwhile, and puts the name on the disk. */
async function publish(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await claimAndRename(partial, target);
  }
  try {
    await syncDirectory(dirname(target));
  } catch (error) {
    await remove(target);
    throw error;
  }
}

/** Without links: an empty file takes the name, and the copy takes its place. */
async function claimAndRename(partial: string, target: string): Promise<void> {
  await (await open(target, 'wx')).close();
  try {
    await rename(partial, target);
  } catch (error) {
    await remove(target);
    throw error;
  }
}
