/** Keeps the write-ahead log bounded, and says so when it cannot. */
import { stat } from 'node:fs/promises';
import type { Logger } from '../contracts';
import { reasonOf } from '../errors';
import { BUSY_TIMEOUT_MS, type Connection } from './connection';
import * as sql from './statements';
import type { OnWriter } from './tables';

/** Looks at the file so many times until the bound could be reached. */
const LOOKS_PER_BOUND = 16;
/** What a group adds at least: a page of the table and one of its index. */
const PAGES_PER_GROUP = 2;
/** How far the WAL may outgrow its automatic checkpoints. */
const TOLERANCE = 4;
/** A view that has been open for so long is no reader that comes and goes: waiting for it would only hold back the writes. */
const LASTING_VIEW_MS = 1000;

export interface WatchedWal {
  /** Of `database.db`. */
  readonly path: string;
  readonly walAutocheckpoint: number;
  readonly pageBytes: number;
  readonly logger: Logger;
  readonly onWriter: OnWriter;
  /** How long the oldest read view has been pinning the WAL, in ms. */
  readonly oldestViewAgeMs: () => number | undefined;
}

/**
 * SQLite checkpoints by itself, but it swallows an error of an automatic checkpoint, and it can only start the WAL over at a moment when nobody
 * reads from it: readers that come and go without a gap let it grow for ever (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files).
 */
export class WalWatch {
  readonly #wal: WatchedWal;
  readonly #bound: number;
  /** Bytes written since the last look, about. */
  #written = 0;
  #look: Promise<void> | undefined;
  #stopped = false;
  /** Nothing is done below this size: it moves up when a checkpoint could not help. */
  #actAt: number;

  constructor(wal: WatchedWal) {
    this.#wal = wal;
    this.#bound = wal.walAutocheckpoint * wal.pageBytes * TOLERANCE;
    this.#actAt = this.#bound;
  }

  /** To be called after each group. Never delays it. */
  groupCommitted(bytes: number): void {
    this.#written += bytes + PAGES_PER_GROUP * this.#wal.pageBytes;
    if (this.#stopped || this.#look !== undefined || this.#written < this.#bound / LOOKS_PER_BOUND) return;
    this.#written = 0;
    this.#look = this.#lookAndAct().finally(() => (this.#look = undefined));
  }

  /** Looks no more; resolves when it does nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#look;
  }

  async #lookAndAct(): Promise<void> {
    const size = await this.#size();
    if (size < this.#actAt) {
      if (size < this.#bound) this.#actAt = this.#bound;
      return;
    }
    const lasting = (this.#wal.oldestViewAgeMs() ?? 0) > LASTING_VIEW_MS;
    const blocked = lasting ? this.#inTheWay() : await this.#checkpoint();
    this.#actAt = blocked === undefined ? this.#bound : size + this.#bound;
    if (blocked === undefined) return;
    const { logger, path } = this.#wal;
    logger.warn({ path, walBytes: size }, `the write-ahead log has grown to ${size} bytes: ${blocked}`);
  }

  /** Waits for the readers of the moment, so that the WAL can start over; resolves to what was in the way. */
  async #checkpoint(): Promise<string | undefined> {
    try {
      const busy = await this.#wal.onWriter(truncate);
      return busy ? this.#inTheWay() : undefined;
    } catch (error) {
      return `a checkpoint failed: ${reasonOf(error)}`;
    }
  }

  #inTheWay(): string {
    const age = this.#wal.oldestViewAgeMs();
    return age === undefined
      ? 'a reader, a backup or another process kept it from starting over'
      : `a consistent iteration has been open for ${(age / 1000).toFixed(1)} s`;
  }

  async #size(): Promise<number> {
    try {
      return (await stat(`${this.#wal.path}-wal`)).size;
    } catch {
      return 0;
    }
  }
}

/** Every write waits meanwhile, so it gives up soon. */
async function truncate(writer: Connection): Promise<boolean> {
  await writer.exec(sql.setBusyTimeout(sql.SHORT_BUSY_TIMEOUT_MS));
  try {
    const [row] = await writer.all<{ busy: number }>(sql.CHECKPOINT);
    return row?.busy !== 0;
  } finally {
    await writer.exec(sql.setBusyTimeout(BUSY_TIMEOUT_MS));
  }
}
