/** A commit step that fails as planned. */
import type { Seams } from '../../lib/sqlite/manager';

/** How a commit step ends. `lost`: I/O error before anything was written. `kept`: I/O error, but the commit is in the file. */
export type Ending = 'ok' | 'busy' | 'full' | 'lost' | 'kept';

const ERRORS = {
  busy: { errno: 5, code: 'SQLITE_BUSY' },
  full: { errno: 13, code: 'SQLITE_FULL' },
  lost: { errno: 1034, code: 'UNKNOWN' },
  kept: { errno: 1034, code: 'UNKNOWN' },
} as const;

/** The error of a commit that was made to fail. */
export class InjectedError extends Error {
  readonly errno: number;
  readonly code: string;

  constructor(readonly ending: Exclude<Ending, 'ok'>) {
    super(`injected: ${ending}`);
    ({ errno: this.errno, code: this.code } = ERRORS[ending]);
  }
}

export class FailingCommits {
  #plan: Ending[] = [];

  /** How the next commit steps end; those after them succeed. */
  plan(endings: readonly Ending[]): void {
    this.#plan = [...endings];
  }

  readonly step: NonNullable<Seams['commitStep']> = async (step) => {
    const ending = this.#plan.shift() ?? 'ok';
    if (ending === 'ok') return step();
    if (ending === 'kept') await step();
    throw new InjectedError(ending);
  };
}
