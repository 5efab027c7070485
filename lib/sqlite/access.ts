/** What the handles of a manager work with. */
import type { WriteQueue } from './write-queue';
import type { ReadViews } from './read-views';
import type { ReaderPool } from './reader-pool';
import type { SharedGets } from './shared-gets';
import type { Connection } from './connection';

export interface StoreAccess {
  readonly path: string;
  readonly queue: WriteQueue;
  readonly readers: ReaderPool<Connection>;
  readonly gets: SharedGets;
  readonly views: ReadViews;
  /** Throws once the manager has been stopped. */
  assertOpen(): void;
}
