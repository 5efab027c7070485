/** Finds the tables of the file, and makes those that are missing. */
import { CreateStoreError, reasonOf, type ErrorContext } from '../errors';
import { tableOf } from '../validate';
import type { Connection } from './connection';
import type { ReaderPool } from './reader-pool';
import * as sql from './statements';
import type { Shape } from './statements';

/** Runs work on the writer in its turn. */
export type OnWriter = <T>(work: (writer: Connection) => Promise<T>) => Promise<T>;

interface Column {
  readonly definition: string;
  readonly kind: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly required: number | null;
  readonly pk: number | null;
  readonly collation: string | null;
}

export class Tables {
  readonly #readers: ReaderPool<Connection>;
  readonly #onWriter: OnWriter;
  readonly #path: string;
  /** What is being looked up or made right now: calls for the same table share it. */
  readonly #underWay = new Map<string, { readonly shape: Shape; readonly found: Promise<void> }>();
  /** What tables were defined as when they had been examined, by shape and table. */
  readonly #definitions = new Map<string, string>();

  constructor(readers: ReaderPool<Connection>, onWriter: OnWriter, path: string) {
    this.#readers = readers;
    this.#onWriter = onWriter;
    this.#path = path;
  }

  /**
   * Resolves when the table is there with this shape. One that exists is recognised by a reader and does not wait for the writer. It is looked up
   * each time, since it may be dropped or made anew from outside, but examined again only when its definition is another one.
   */
  async ensure(identifier: string, shape: Shape): Promise<void> {
    try {
      await this.#share(identifier, shape);
    } catch (cause) {
      const context: ErrorContext = { table: identifier, path: this.#path, cause };
      // A refusal of the shape has no driver error behind it.
      if (cause instanceof WrongShape) throw new CreateStoreError(cause.message, { ...context, cause: undefined });
      throw new CreateStoreError(`table "${identifier}": ${reasonOf(cause)}`, context);
    }
  }

  /** Resolves when nothing is being looked up or made. */
  async drain(): Promise<void> {
    await Promise.allSettled(Array.from(this.#underWay.values(), ({ found }) => found));
  }

  #share(identifier: string, shape: Shape): Promise<void> {
    const table = tableOf(identifier);
    const before = this.#underWay.get(table);
    if (before?.shape === shape) return before.found;
    const found = this.#findAfter(before?.found, identifier, shape);
    this.#underWay.set(table, { shape, found });
    const forget = (): void => {
      if (this.#underWay.get(table)?.found === found) this.#underWay.delete(table);
    };
    found.then(forget, forget);
    return found;
  }

  /** Who asked first decides what a table is made as. */
  async #findAfter(before: Promise<void> | undefined, identifier: string, shape: Shape): Promise<void> {
    await before?.catch(() => undefined);
    await this.#find(identifier, shape);
  }

  async #find(identifier: string, shape: Shape): Promise<void> {
    if (await this.#readers.lease((reader) => this.#isThere(reader, identifier, shape))) return;
    await this.#onWriter(async (writer) => {
      await writer.exec(sql.createTable({ name: identifier, shape }));
      await this.#isThere(writer, identifier, shape);
    });
  }

  async #isThere(connection: Connection, identifier: string, shape: Shape): Promise<boolean> {
    const table = `${shape} ${tableOf(identifier)}`;
    const known = this.#definitions.get(table);
    if (known !== undefined) {
      const [found] = await connection.all<{ definition: string }>(sql.READ_DEFINITION, [identifier]);
      if (found?.definition === known) return true;
    }
    const definition = await examine(connection, identifier, shape);
    if (definition === undefined) return false;
    this.#definitions.set(table, definition);
    return true;
  }
}

class WrongShape extends Error {}

/** The definition of a table; undefined when there is none. Throws when it has another shape. */
async function examine(connection: Connection, identifier: string, shape: Shape): Promise<string | undefined> {
  const columns = await connection.all<Column>(sql.DESCRIBE_TABLE, [identifier]);
  const [first] = columns;
  if (first === undefined) return undefined;
  if (first.kind !== 'table') throw new WrongShape(`"${identifier}" is a ${first.kind}, not a table`);
  const found = columns.map(describeColumn).join(', ');
  const shapes = { collection: expectedColumns('collection'), state: expectedColumns('state') };
  if (found === shapes[shape]) return first.definition;
  const other = shape === 'state' ? 'collection' : 'state';
  throw new WrongShape(
    found === shapes[other]
      ? `table "${identifier}" is a ${other}, not a ${shape}`
      : `table "${identifier}" is no ${shape}: it has (${found}), expected (${shapes[shape]})`,
  );
}

function describeColumn({ name, type, required, pk, collation }: Column): string {
  const key =
    pk === null || pk === 0
      ? ''
      : ` KEY ${pk}${collation === null || collation === 'BINARY' ? '' : ` COLLATE ${collation}`}`;
  return `${name ?? '?'} ${type ?? '?'}${required === 1 ? ' NOT NULL' : ''}${key}`;
}

function expectedColumns(shape: Shape): string {
  return shape === 'state'
    ? 'prefix TEXT NOT NULL KEY 1, value BLOB NOT NULL'
    : 'prefix TEXT NOT NULL KEY 1, sn TEXT NOT NULL KEY 2, value BLOB NOT NULL';
}
