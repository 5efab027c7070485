/** Groups over several tables or actions as one statement: see `dispatch` in statements.ts. */
import type { Connection, Parameter } from './connection';
import { MAX_ACTIONS, PACK_BYTES, type Packer } from './packing';
import * as sql from './statements';
import { parametersOf, type Row, type Run } from './write-plan';

/** Of more rows the triggers cost as much as the crossing that they save. */
const ROWS_PER_RUN = 128;
const FEW_ROWS = 4;
const MAX_VIEWS = 64;

interface DispatchView {
  readonly statement: sql.Dispatch;
  /** What the view can do; an action's number is its place. */
  readonly targets: readonly string[];
}

export class Dispatcher {
  readonly #connection: Connection;
  readonly #packer: Packer;
  readonly #views = new Map<string, DispatchView>();
  /** The statements of groups of few rows, by the targets of the rows: to make a text takes longer than to find it. */
  readonly #few = new Map<string, string>();
  #made = 0;

  constructor(connection: Connection, packer: Packer) {
    this.#connection = connection;
    this.#packer = packer;
  }

  /** Whether one statement can and should write these runs. */
  fits(runs: readonly Run[]): boolean {
    if (runs.length < 2 || rowsIn(runs) > ROWS_PER_RUN * runs.length) return false;
    let bytes = 0;
    for (const run of runs) bytes += run.bytes;
    if (bytes > PACK_BYTES) return false;
    return runs.length <= MAX_ACTIONS || new Set(runs.map(targetOf)).size <= MAX_ACTIONS;
  }

  /** Writes all rows, or rejects and has written none; an insert of what is there and a del of what is not reject it too. */
  async write(runs: readonly Run[]): Promise<void> {
    if (rowsIn(runs) <= FEW_ROWS) await this.#writeFew(runs);
    else await this.#writePacked(runs);
  }

  async #writeFew(runs: readonly Run[]): Promise<void> {
    let shape = '';
    const parameters: Parameter[] = [];
    for (const run of runs) {
      const target = targetOf(run);
      for (const row of run.rows) {
        shape += `${target},`;
        parameters.push(...parametersOf(run, row));
      }
    }
    let text = this.#few.get(shape);
    if (text === undefined) {
      const { statement, targets } = await this.#viewFor(runs);
      text = statement.writeFew(runs.flatMap((run) => run.rows.map(() => targets.indexOf(targetOf(run)))));
      this.#few.set(shape, text);
    }
    await this.#connection.run(text, parameters);
  }

  async #writePacked(runs: readonly Run[]): Promise<void> {
    const { statement, targets } = await this.#viewFor(runs);
    const rows: Row[] = [];
    const actions: number[] = [];
    for (const run of runs) {
      const action = targets.indexOf(targetOf(run));
      for (const row of run.rows) {
        rows.push(row);
        actions.push(action);
      }
    }
    await this.#connection.run(statement.writePacked, this.#packer.pack(rows, actions));
  }

  /** The view for the targets of these runs and no others: every insert through a view fails when one of its tables is gone. */
  async #viewFor(runs: readonly Run[]): Promise<DispatchView> {
    // In one order, whatever the runs': a view that is made has every statement of the connection compiled anew.
    const targets = [...new Map(runs.map((run) => [targetOf(run), run]))].sort(([a], [b]) => (a < b ? -1 : 1));
    const names = targets.map(([name]) => name);
    const found = this.#views.get(names.join());
    if (found !== undefined) return found;
    // A space: no table of a store has this name.
    const statement = sql.dispatch(
      `dispatch ${this.#made++}`,
      targets.map(([, run]) => run),
    );
    await this.#connection.exec(statement.create);
    const made = { statement, targets: names };
    this.#views.set(names.join(), made);
    if (this.#views.size > MAX_VIEWS) {
      const [oldest] = this.#views as Iterable<[string, DispatchView]>;
      if (oldest !== undefined) {
        this.#views.delete(oldest[0]);
        this.#few.clear();
        await this.#connection.exec(oldest[1].statement.drop);
      }
    }
    return made;
  }
}

function rowsIn(runs: readonly Run[]): number {
  let rows = 0;
  for (const run of runs) rows += run.rows.length;
  return rows;
}

/** What a view knows a run by. */
export function targetOf({ table, action }: Run): string {
  return `${table.name} ${table.shape} ${action}`;
}
