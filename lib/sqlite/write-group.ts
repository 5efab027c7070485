/** Commits one group of writes at a time and settles each of its calls. Knows nothing of the queue that forms the groups. */
import { hasPrimaryCode, sqliteCodeOf } from '../errors';
import type { Connection, Parameter } from './connection';
import { Dispatcher, targetOf } from './dispatch';
import type { CommitStep, Fence } from './fence';
import { Packer } from './packing';
import { CONSTRAINT_PRIMARYKEY, OWN_FAULTS, UNKNOWN_AT_COMMIT } from './result-codes';
import * as sql from './statements';
import { parametersOf, planRuns, type Row, type Run, type WriteCall, type WriteFailure } from './write-plan';

type Failures = ReadonlyMap<WriteCall, WriteFailure>;
const NONE: Failures = new Map();

/** How a group ended. `failure` is that of every call; `failures` those of single ones, and their neighbours succeeded. */
interface Ending {
  readonly failures: Failures;
  readonly failure?: WriteFailure;
  /** Nothing was applied, for the sake of one call: the others may succeed without it. */
  readonly oneAtFault: boolean;
}

/** An error inside a group. `atCommit`: it came from the step that decides. `index`: of the write that met it, where it can be told. */
class GroupError extends Error {
  constructor(
    override readonly cause: unknown,
    readonly atCommit: boolean,
    readonly index?: number,
  ) {
    super('a group failed', { cause });
  }
}

export class GroupCommitter {
  readonly #connection: Connection;
  readonly #commitStep: CommitStep;
  readonly #packer = new Packer();
  readonly #dispatcher: Dispatcher;
  readonly #fence: Fence;
  /** The statements for one row: to make a text takes longer than to find it. */
  readonly #lone = new Map<string, string>();

  constructor(connection: Connection, commitStep: CommitStep, fence: Fence) {
    this.#connection = connection;
    this.#commitStep = commitStep;
    this.#fence = fence;
    this.#dispatcher = new Dispatcher(connection, this.#packer);
  }

  /**
   * Commits the calls in their order, in one transaction unless something goes wrong, and settles each. A call at fault fails alone: groups end
   * before a batch that is refused, or are halved until the call is found, and grow again from there. Every other error fails the group that met
   * it, once. Never rejects.
   */
  async commit(calls: readonly WriteCall[]): Promise<void> {
    let start = 0;
    let size = calls.length;
    while (start < calls.length) {
      const group = calls.slice(start, start + size);
      const ending = await this.#attempt(group, false);
      if (ending.oneAtFault && group.length > 1) {
        const refused = group.findIndex((call) => call.writes.length > 1 && ending.failures.has(call));
        if (refused > 0) {
          size = refused;
        } else {
          if (refused === 0) {
            // Nothing was before it but what is in the file: what it met is certain.
            settle(group.slice(0, 1), ending);
            start++;
          }
          size = group.length >> 1;
        }
      } else {
        settle(group, await this.#attributed(group, ending));
        start += group.length;
        // Where one is at fault more may be. What meets a lock waits for it: all that is left waits together.
        if (ending.oneAtFault) size = 1;
        else size = ending.failure === undefined ? 2 * size : calls.length;
      }
    }
  }

  /** A packed statement does not tell which of a batch's writes it failed at: they are tried again one by one. */
  async #attributed(group: readonly WriteCall[], ending: Ending): Promise<Ending> {
    const isBatch = group[0] !== undefined && group[0].writes.length > 1;
    return isBatch && ending.oneAtFault && ending.failure !== undefined ? this.#attempt(group, true) : ending;
  }

  async #attempt(calls: readonly WriteCall[], oneByOne: boolean): Promise<Ending> {
    try {
      await this.#fence.pass();
      const failures = await this.#apply(planRuns(calls, oneByOne), oneByOne);
      return { failures, oneAtFault: refusesBatch(failures) };
    } catch (thrown) {
      const { cause, atCommit, index } = thrown instanceof GroupError ? thrown : new GroupError(thrown, false);
      const outcomeUnknown = atCommit && hasPrimaryCode(cause, UNKNOWN_AT_COMMIT);
      if (outcomeUnknown) this.#fence.raise(cause);
      // In a group the index is that of one call's write, and the failure is everybody's.
      const failure: WriteFailure = {
        reason: 'failed',
        index: calls.length === 1 ? index : undefined,
        cause,
        outcomeUnknown,
      };
      return { failures: NONE, failure, oneAtFault: hasPrimaryCode(cause, OWN_FAULTS) };
    }
  }

  /** Applies all runs, or none: when a batch of several writes is among the failures, or by rejecting. */
  async #apply(runs: readonly Run[], oneByOne: boolean): Promise<Failures> {
    const optimistic = oneByOne ? undefined : this.#singleStatement(runs);
    if (optimistic !== undefined) {
      try {
        return await this.#commitStep(optimistic, 'group');
      } catch (cause) {
        // A statement that failed at one row has written none, unless a trigger from outside says RAISE(FAIL); the transaction below tells which row
        // it was.
        if (!hasPrimaryCode(cause, OWN_FAULTS)) throw new GroupError(cause, true);
      }
    }
    return this.#transaction(runs, oneByOne);
  }

  /** The group as one statement, which is a transaction of its own; undefined when it takes several, or a batch in it may be refused. */
  #singleStatement(runs: readonly Run[]): (() => Promise<Failures>) | undefined {
    if (this.#dispatcher.fits(runs)) {
      return async () => {
        await this.#dispatcher.write(runs);
        return NONE;
      };
    }
    const [run] = runs;
    if (run === undefined || runs.length > 1) return undefined;
    if (run.action === 'del' && run.rows.some((row) => row.call.writes.length > 1)) return undefined;
    if (run.action === 'insert' && run.rows.length > 1) {
      return async () => {
        await this.#connection.run(sql.writePacked(run.table, 'insert'), this.#pack(run));
        return NONE;
      };
    }
    return () => this.#write(run);
  }

  async #transaction(runs: readonly Run[], oneByOne: boolean): Promise<Failures> {
    const failures = new Map<WriteCall, WriteFailure>();
    await this.#connection.run(sql.BEGIN);
    for (const run of runs) {
      if (oneByOne && refusesBatch(failures)) break;
      try {
        for (const [call, failure] of await this.#write(run)) {
          const earlier = failures.get(call)?.index ?? Infinity;
          if ((failure.index ?? 0) < earlier) failures.set(call, failure);
        }
      } catch (cause) {
        // The first error ends the group: after some errors SQLite has rolled back, and what followed would commit on its own.
        await this.#fence.rollback();
        throw new GroupError(cause, false, run.rows.length === 1 ? run.rows[0]?.index : undefined);
      }
    }
    if (refusesBatch(failures)) {
      await this.#fence.rollback();
      return failures;
    }
    try {
      await this.#commitStep(() => this.#connection.run(sql.COMMIT), 'group');
    } catch (cause) {
      await this.#fence.rollback();
      throw new GroupError(cause, true);
    }
    return failures;
  }

  /** Writes the rows of a run; resolves to what was missing or there already. */
  #write(run: Run): Promise<Failures> {
    const [first] = run.rows;
    return first !== undefined && run.rows.length === 1 ? this.#writeOne(run, first) : this.#writeMany(run);
  }

  async #writeMany(run: Run): Promise<Failures> {
    const { table, action, rows } = run;
    const parameters = this.#pack(run);
    if (action !== 'insert' && action !== 'del') {
      await this.#connection.run(sql.writePacked(table, action), parameters);
      return NONE;
    }
    const written = await this.#connection.all<WrittenRow>(sql.writeReturning(table, action), parameters);
    return written.length === rows.length ? NONE : unwritten(action, rows, written);
  }

  #pack({ action, rows }: Run): Parameter[] {
    const [words, bytes] = this.#packer.pack(rows);
    // SQLite refuses a parameter that its statement does not have.
    return action === 'del' || action === 'purge' ? [words] : [words, bytes];
  }

  async #writeOne(run: Run, row: Row): Promise<Failures> {
    const target = targetOf(run);
    let text = this.#lone.get(target);
    if (text === undefined) this.#lone.set(target, (text = sql.writeOne(run.table, run.action)));
    try {
      const changes = await this.#connection.run(text, parametersOf(run, row));
      return run.action === 'del' && changes === 0 ? failed('missing', [row]) : NONE;
    } catch (cause) {
      if (run.action === 'insert' && sqliteCodeOf(cause) === CONSTRAINT_PRIMARYKEY) return failed('exists', [row]);
      throw cause;
    }
  }
}

function settle(group: readonly WriteCall[], { failure, failures }: Ending): void {
  for (const call of group) call.settle(failure ?? failures.get(call));
}

interface WrittenRow {
  readonly prefix: string;
  readonly key?: string;
}

/** The failures of the rows that a statement did not write: where a key stands twice, the first was written. */
function unwritten(action: 'insert' | 'del', rows: readonly Row[], written: readonly WrittenRow[]): Failures {
  const pairOf = (prefix: string, key: string): string => `${prefix.length} ${prefix}${key}`;
  const pairs = new Set(written.map(({ prefix, key }) => pairOf(prefix, key ?? '')));
  return failed(
    action === 'del' ? 'missing' : 'exists',
    rows.filter((row) => !pairs.delete(pairOf(row.prefix, row.key))),
  );
}

function failed(reason: 'missing' | 'exists', rows: readonly Row[]): Failures {
  const failures = new Map<WriteCall, WriteFailure>();
  for (const { call, index } of rows) if (!failures.has(call)) failures.set(call, { reason, index });
  return failures;
}

/** Some call of several writes cannot have all of them: it must have none. */
function refusesBatch(failures: Failures): boolean {
  for (const call of failures.keys()) if (call.writes.length > 1) return true;
  return false;
}
