/** Keeps a commit of unknown outcome from surprising anybody later. */
import { hasPrimaryCode, reasonOf } from '../errors';
import type { Connection } from './connection';
import { NO_TRANSACTION, PASSING, UNKNOWN_AT_COMMIT } from './result-codes';
import * as sql from './statements';

/**
 * The step that makes writes durable: a COMMIT, or a statement that commits by itself. A seam: a spec counts the steps, or decides when one
 * succeeds and how it fails.
 */
export type CommitStep = <T>(step: () => Promise<T>, what: 'group' | 'fence') => Promise<T>;

/** Why a manager takes no more writes. Has the first cause, and its result code. */
export class BrokenError extends Error {
  readonly errno: number | undefined;
  readonly code: string | undefined;
  constructor(cause: unknown) {
    super(`a commit failed, and it could not be made certain what is in the file: ${reasonOf(cause)}`, { cause });
    const { errno, code } = cause as { errno?: number; code?: string };
    this.errno = errno;
    this.code = code;
  }
}

/**
 * After an I/O error in a commit its frames may lie in the WAL, unseen: a crash would bring them back, any later successful commit overwrites
 * them. So nothing new is written before the fence has written something, and made certain that the failed commit is gone.
 */
export class Fence {
  readonly #connection: Connection;
  readonly #commitStep: CommitStep;
  readonly #onBroken: (error: BrokenError) => void;
  /** The error of the commit that this fence is for. */
  #raisedFor: unknown;
  #broken: BrokenError | undefined;

  /** `onBroken` is told once. */
  constructor(connection: Connection, commitStep: CommitStep, onBroken: (error: BrokenError) => void) {
    this.#connection = connection;
    this.#commitStep = commitStep;
    this.#onBroken = onBroken;
  }

  /** The next `pass` has to write. */
  raise(cause: unknown): void {
    this.#raisedFor ??= cause;
  }

  /** Ends the transaction, if there is one. Never rejects: the error that led here matters more. */
  async rollback(): Promise<void> {
    try {
      await this.#connection.run(sql.ROLLBACK);
    } catch (error) {
      if (!hasPrimaryCode(error, NO_TRANSACTION)) this.raise(error);
    }
  }

  /** Runs other work of the writer, which may commit, behind the fence. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    await this.pass();
    try {
      return await work();
    } catch (cause) {
      if (hasPrimaryCode(cause, UNKNOWN_AT_COMMIT)) this.raise(cause);
      throw cause;
    }
  }

  /**
   * Resolves when the file's state is certain. Rejects when that cannot be reached now (a lock, a full disk) or, from the first other failure
   * on, ever again: `BrokenError`.
   */
  async pass(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#raisedFor === undefined) return;
    try {
      await this.rollback();
      await writeSomething(this.#connection, this.#commitStep);
      this.#raisedFor = undefined;
    } catch (error) {
      await this.rollback();
      if (hasPrimaryCode(error, PASSING)) throw error;
      this.#broken = new BrokenError(this.#raisedFor);
      this.#onBroken(this.#broken);
      throw this.#broken;
    }
  }
}

/**
 * Commits a page without changing anything: `user_version` set to its own value, which writes, unlike a BEGIN IMMEDIATE with COMMIT or a DELETE
 * of nothing.
 */
export async function writeSomething(connection: Connection, commitStep: CommitStep): Promise<void> {
  await connection.run(sql.BEGIN);
  const [row] = await connection.all<{ user_version: number }>(sql.READ_USER_VERSION);
  await connection.exec(sql.writeUserVersion(row?.user_version ?? 0));
  await commitStep(() => connection.run(sql.COMMIT), 'fence');
}
