/** Small groups over several tables or actions as one statement: see `dispatch` in statements.ts. */
import type { Connection } from './connection';
import { MAX_ACTIONS, PACK_BYTES, type Packer } from './packing';
import * as sql from './statements';
import { parametersOf, type Row, type Run } from './write-plan';

/** Above so many rows the triggers cost as much as the crossings that they save. */
const MAX_ROWS = 64;
const FEW_ROWS = 4;
const MAX_VIEWS = 64;

interface DispatchView {
  readonly statement: sql.Dispatch;
  /** `writeFew` by the actions of its rows: a text that is made anew each time costs as much as finding its statement. */
  readonly few: Map<string, string>;
}

export class Dispatcher {
  readonly #connection: Connection;
  readonly #packer: Packer;
  readonly #views = new Map<string, DispatchView>();
  #made = 0;

  constructor(connection: Connection, packer: Packer) {
    this.#connection = connection;
    this.#packer = packer;
  }

  /** Whether one statement can and should write these runs. */
  fits(runs: readonly Run[]): boolean {
    if (runs.length < 2 || runs.length > MAX_ROWS) return false;
    let rows = 0;
    let bytes = 0;
    for (const run of runs) {
      rows += run.rows.length;
      bytes += run.bytes;
    }
    return rows <= MAX_ROWS && bytes <= PACK_BYTES && new Set(runs.map(targetOf)).size <= MAX_ACTIONS;
  }

  /** Writes all rows, or rejects and has written none; an insert of what is there and a del of what is not reject it too. */
  async write(runs: readonly Run[]): Promise<void> {
    // The view holds only the tables of these runs: every insert through a view fails when one of its tables is gone.
    const targets = new Map<string, Run>();
    for (const run of runs) if (!targets.has(targetOf(run))) targets.set(targetOf(run), run);
    const names = [...targets.keys()];
    const { statement, few } = this.#views.get(names.join()) ?? (await this.#make(names.join(), [...targets.values()]));
    const rows: Row[] = [];
    const actions: number[] = [];
    for (const run of runs) {
      const action = names.indexOf(targetOf(run));
      for (const row of run.rows) {
        rows.push(row);
        actions.push(action);
      }
    }
    if (rows.length > FEW_ROWS) {
      await this.#connection.run(statement.writePacked, this.#packer.pack(rows, actions));
      return;
    }
    const order = actions.join();
    let text = few.get(order);
    if (text === undefined) few.set(order, (text = statement.writeFew(actions)));
    await this.#connection.run(
      text,
      runs.flatMap((run) => run.rows.flatMap((row) => parametersOf(run, row))),
    );
  }

  async #make(key: string, targets: readonly Run[]): Promise<DispatchView> {
    // A space: no table of a store has this name.
    const statement = sql.dispatch(`dispatch ${this.#made++}`, targets);
    await this.#connection.exec(statement.create);
    const made = { statement, few: new Map<string, string>() };
    this.#views.set(key, made);
    if (this.#views.size > MAX_VIEWS) {
      const [oldest] = this.#views as Iterable<[string, DispatchView]>;
      if (oldest !== undefined) {
        this.#views.delete(oldest[0]);
        await this.#connection.exec(oldest[1].statement.drop);
      }
    }
    return made;
  }
}

/** What a view knows a run by. */
function targetOf({ table, action }: Run): string {
  return `${table.name} ${table.shape} ${action}`;
}
