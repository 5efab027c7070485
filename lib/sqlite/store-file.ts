/** The directory and the file of a store: found or made, claimed for this process, proven to be usable. */
import { access, constants, lstat, mkdir, open as openFile, realpath, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateStoreError, InvalidConfigurationError, describe, hasPrimaryCode, reasonOf } from '../errors';
import { Connection, type ConnectionOptions } from './connection';
import { writeSomething } from './fence';
import { CANNOT_OPEN, IN_USE } from './result-codes';
import * as sql from './statements';

const FILE_NAME = 'database.db';
const RETRIES = 10;
const RETRY_STEP_MS = 50;

/** The path of the file in a directory that the caller named, absolute. */
export function filePath(directory: unknown): string {
  const path = directory instanceof URL || isUrlLike(directory) ? urlPath(directory) : directory;
  if (typeof path !== 'string') {
    throw new InvalidConfigurationError('directory', `expected a path or a file: URL, received ${describe(directory)}`);
  }
  if (path === '') throw new InvalidConfigurationError('directory', 'expected a path, received an empty string');
  // SQLite would end the path there and open another file.
  if (path.includes('\0')) throw new InvalidConfigurationError('directory', 'a path cannot contain a NUL');
  if (!path.isWellFormed()) throw new InvalidConfigurationError('directory', 'a path must be well-formed Unicode');
  return join(resolve(path), FILE_NAME);
}

/** A URL of another realm (jest, vm) is as good. */
function isUrlLike(value: unknown): value is URL {
  return typeof value === 'object' && value !== null && typeof (value as URL).href === 'string';
}

function urlPath(url: URL): string {
  try {
    return fileURLToPath(url.href);
  } catch (cause) {
    throw new InvalidConfigurationError('directory', reasonOf(cause), { cause });
  }
}

/** Makes the directory when missing. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw new CreateStoreError(`the directory ${dirname(path)} cannot be made: ${reasonOf(cause)}`, { path, cause });
  }
}

/**
 * Puts the names of the file and of its directories on the disk. All the way up: an earlier open may have made some of them and been killed before
 * it came to this. A directory that is on the disk already costs next to nothing.
 */
export async function syncNames(path: string): Promise<void> {
  await syncDirectory(dirname(path));
  for (let made = dirname(path); made !== dirname(made); made = dirname(made)) {
    await syncDirectory(dirname(made), NOT_OURS);
  }
}

/** What opening a directory says that this process may not read, or could not have made anything in. */
const NOT_OURS = ['EACCES', 'EPERM', 'EROFS'];

/** Puts the names in a directory on the disk. Windows cannot, and need not. */
export async function syncDirectory(directory: string, ignored: readonly string[] = []): Promise<void> {
  if (process.platform === 'win32') return;
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(directory, 'r');
    await handle.sync();
  } catch (error) {
    if (!ignored.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}

/** The files that this process has open, shared by every copy of the library in it. */
const REGISTRY = Symbol.for('ave-actors-sqlite.open-files');

/**
 * Claims a file for one manager of this process; returns what gives it back. A second connection from the same process would wait for the first
 * one's locks on libuv's threads, and keep the first from getting one.
 */
export async function claim(path: string): Promise<() => void> {
  const real = await realFile(path);
  const registry = ((globalThis as unknown as Record<symbol, Set<string> | undefined>)[REGISTRY] ??= new Set());
  if (registry.has(real))
    throw new CreateStoreError(`${path} is already open in this process: open it once and pass the manager on`, {
      path,
    });
  registry.add(real);
  return () => registry.delete(real);
}

async function realFile(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // SQLite would make the file that the link names, which has another real path. A file that has come meanwhile is another process's.
    const link = await lstat(path).catch(() => undefined);
    if (link?.isSymbolicLink() === true)
      throw new CreateStoreError(`${path} is a link that leads to no file: put the file back or remove the link`, {
        path,
      });
    return join(await realpath(dirname(path)), FILE_NAME);
  }
}

/**
 * SQLite deletes the WAL of an empty file when it opens it, and what was committed with it. Only `stat`: opening the file by other means would
 * drop SQLite's locks when it is closed (https://sqlite.org/howtocorrupt.html#posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export async function checkFile(path: string): Promise<void> {
  const file = await stat(path).catch(() => undefined);
  if (file !== undefined && !file.isFile())
    throw new CreateStoreError(`${path} is not a file: choose another directory`, { path });
  if (file !== undefined) await checkWritable(path);
  if (file !== undefined && file.size > 0) return;
  const wal = await stat(`${path}-wal`).catch(() => undefined);
  if (wal !== undefined && wal.size > 0) {
    const state = file === undefined ? 'missing' : 'empty';
    throw new CreateStoreError(
      `${path} is ${state} but its write-ahead log is not: the file was lost. Put the same file back. Or move ${path}-wal and ${path}-shm away first, ` +
        `then put a backup there or start anew: SQLite would lay an old log over a backup and damage it`,
      { path },
    );
  }
}

/** SQLite would open the file for reading alone, and leave a WAL beside it that nobody may write either. */
async function checkWritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (cause) {
    throw new CreateStoreError(`${path} cannot be written, look at its permissions and the mount: ${reasonOf(cause)}`, {
      path,
      cause,
    });
  }
}

/** The writer's connection, proven to be able to write. Tried again while another process is opening or holds the lock. */
export async function openWriter(path: string, options: ConnectionOptions): Promise<Connection> {
  for (let attempt = 1; ; attempt++) {
    let writer: Connection | undefined;
    try {
      writer = await Connection.open(path, options, (opened) => checkStore(opened, path));
      await checkJournalMode(writer, path);
      await writeSomething(writer, (step) => step());
      return writer;
    } catch (cause) {
      await writer?.close().catch(() => undefined);
      if (attempt > RETRIES || !hasPrimaryCode(cause, IN_USE)) throw cause;
      await new Promise((later) => setTimeout(later, RETRY_STEP_MS * attempt));
    }
  }
}

async function checkStore(writer: Connection, path: string): Promise<void> {
  const [version] = await writer.all<{ version: string }>(sql.READ_VERSION);
  if (!hasWalResetFix(version?.version ?? '')) {
    throw new CreateStoreError(
      `the driver has SQLite ${version?.version ?? '?'}, which can corrupt a file in WAL mode: 3.51.3 or later is needed (sqlite3 6 has it)`,
      { path },
    );
  }
  const [encoding] = await writer.all<{ encoding: string }>(sql.READ_ENCODING);
  if (encoding?.encoding !== 'UTF-8') {
    throw new CreateStoreError(
      `${path} is encoded as ${encoding?.encoding ?? '?'}, expected UTF-8: choose another directory`,
      {
        path,
      },
    );
  }
}

async function checkJournalMode(writer: Connection, path: string): Promise<void> {
  const [journal] = await writer.all<{ journal_mode: string }>(sql.READ_JOURNAL_MODE);
  if (journal?.journal_mode !== 'wal') {
    throw new CreateStoreError(
      `${path} cannot be kept in WAL mode on this file system: choose a directory on a local disk`,
      { path },
    );
  }
}

/** Fixed in 3.51.3, and in these earlier branches: https://sqlite.org/wal.html#walresetbug */
const PATCHED_BRANCHES: Readonly<Record<string, number>> = { '3.44': 6, '3.50': 7, '3.51': 3 };

export function hasWalResetFix(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const patched = PATCHED_BRANCHES[`${major}.${minor}`];
  if (patched !== undefined) return patch >= patched;
  return major > 3 || (major === 3 && minor > 51);
}

/** Why a connection could not be opened. SQLite says CANTOPEN when the process has no descriptor left, too. */
export async function whyNotOpened(path: string, cause: unknown): Promise<string> {
  const outOfDescriptors = hasPrimaryCode(cause, CANNOT_OPEN) && (await isOutOfDescriptors(dirname(path)));
  return outOfDescriptors ? `${reasonOf(cause)} (too many open files)` : reasonOf(cause);
}

async function isOutOfDescriptors(directory: string): Promise<boolean> {
  try {
    await (await openFile(directory, 'r')).close();
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' || code === 'ENFILE';
  }
}
