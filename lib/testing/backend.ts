import type { DbManager } from '../contracts';

/** A backend under test: how to make a manager, and which of the optional parts there are. What is declared `false` is left out. */
export interface Backend<M extends DbManager = DbManager> {
  /** Heads the suite. */
  readonly name: string;
  /** A manager on an empty store of its own. The suite stops it. */
  readonly open: () => Promise<M>;
  /** Reopening: a manager on what `stopped` left behind. */
  readonly reopen: false | ((stopped: M) => Promise<M>);
  /**
   * Durability: a second manager, on what would be left if the process of `running` were killed now. No call is in flight. `running` goes on:
   * a copy of its files, taken from outside, will do.
   */
  readonly killed: false | ((running: M) => Promise<M>);
  /** Backup: a second manager, on a backup of `running` made now. */
  readonly backup: false | ((running: M) => Promise<M>);
  /** Whether iterations take `consistent: true`. */
  readonly consistentIterations: boolean;
  /** The most entries that the backend puts into one page of an iteration. Default: 1000. */
  readonly pageEntries?: number;
}

/** The part of a test runner that the suite needs. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: Register & { readonly skip?: Register };
}

type Register = (title: string, body: () => Promise<void>) => unknown;
