/** Gets that are issued together, or that arrive while every reader is busy, share a call, across handles and actors. */
import { hasPrimaryCode } from '../errors';
import type { Connection } from './connection';
import { FOREIGN, NotPacked, unpackValues, type PackedValues } from './packing';
import type { ReaderPool } from './reader-pool';
import * as sql from './statements';
import type { Table } from './statements';
import { IN_USE } from './result-codes';

/** Gets that share one call. More would delay the first of them. */
const MAX_SHARED = 128;
/** Fewer are not divided among the readers that are free: a crossing costs as much as so many gets. */
const MIN_SHARED = 16;
/** Keys of a getMany that share one call. */
const MAX_KEYS = 1024;
/** Values that come back in one answer, in bytes. */
const ANSWER_BYTES = 4 * 2 ** 20;

/** What SQLite gave for an entry: a Buffer, unless somebody else wrote something that is none; undefined for no entry. */
export type Found = Buffer | string | number | null | undefined;

/** Which entry. The key of a state is empty. */
interface Asked {
  readonly prefix: string;
  readonly key: string;
}

interface Get extends Asked {
  resolve(found: Found): void;
  reject(error: unknown): void;
}

interface TableGets {
  readonly table: Table;
  /** The statements: to make a text takes longer than to find it. */
  readonly readOne: string;
  readonly readPacked: string;
  waiting: Get[];
  /** A lease is waiting that will take them. */
  leaseDue: boolean;
}

export class SharedGets {
  readonly #readers: ReaderPool<Connection>;
  /** By shape and name: a table may have been made anew with the other shape. */
  readonly #tables = { collection: new Map<string, TableGets>(), state: new Map<string, TableGets>() };

  constructor(readers: ReaderPool<Connection>) {
    this.#readers = readers;
  }

  /** The value of one entry. `key` is ignored for a state. */
  get(table: Table, prefix: string, key: string): Promise<Found> {
    const gets = this.#getsOf(table);
    return new Promise((resolve, reject) => {
      gets.waiting.push({ prefix, key, resolve, reject });
      this.#ensureLease(gets);
    });
  }

  /** The values of many entries of one actor, in the order asked, in one call as long as they are not too many or too large for it. */
  async getMany(table: Table, prefix: string, keys: readonly string[]): Promise<Found[]> {
    const gets = this.#getsOf(table);
    const found: Found[] = [];
    await this.#readers.leaseEach(async (reader) => {
      const asked = keys.slice(found.length, found.length + MAX_KEYS).map((key) => ({ prefix, key }));
      found.push(...(await readMany(reader, gets, asked)));
      return found.length < keys.length;
    });
    return found;
  }

  #getsOf(table: Table): TableGets {
    const tables = this.#tables[table.shape];
    let gets = tables.get(table.name);
    if (gets === undefined) tables.set(table.name, (gets = newGets(table)));
    return gets;
  }

  #ensureLease(gets: TableGets): void {
    if (gets.leaseDue || gets.waiting.length === 0) return;
    gets.leaseDue = true;
    void this.#readers.lease((reader) => this.#answer(reader, gets));
  }

  /** Never rejects: the gets do. */
  async #answer(reader: Connection, gets: TableGets): Promise<void> {
    // What is issued together is here after one microtask. To wait for the end of all of them could take as long as the page of a scan.
    await Promise.resolve();
    const share = Math.ceil(gets.waiting.length / (1 + this.#readers.idle));
    const group = gets.waiting.splice(0, Math.min(Math.max(share, MIN_SHARED), MAX_SHARED));
    gets.leaseDue = false;
    // The rest may go to another reader at the same time.
    this.#ensureLease(gets);
    try {
      const found = await readMany(reader, gets, group);
      for (let i = 0; i < group.length; i++) group[i]?.resolve(found[i]);
    } catch (error) {
      // A lock that lasts would make each of them wait for it again.
      if (group.length === 1 || hasPrimaryCode(error, IN_USE)) for (const get of group) get.reject(error);
      else await this.#answerOneByOne(reader, gets, group);
    }
  }

  /** What fails one get must not fail its neighbours. */
  async #answerOneByOne(reader: Connection, gets: TableGets, group: readonly Get[]): Promise<void> {
    for (const get of group) {
      try {
        get.resolve(await readOne(reader, gets, get.prefix, get.key));
      } catch (error) {
        get.reject(error);
      }
    }
  }
}

function newGets(table: Table): TableGets {
  return { table, readOne: sql.readOne(table), readPacked: sql.readPacked(table), waiting: [], leaseDue: false };
}

async function readOne(reader: Connection, { table, readOne }: TableGets, prefix: string, key: string): Promise<Found> {
  const parameters = table.shape === 'state' ? [prefix] : [prefix, key];
  const rows = await reader.all<{ value: Found }>(readOne, parameters);
  return rows[0]?.value;
}

/** An entry that was too large for the answer. */
interface Left {
  readonly position: number;
  readonly asked: Asked;
}

/** Packs the values up to `largest`, then asks again for the others, as many at a time as fit into an answer. */
async function readMany(
  reader: Connection,
  gets: TableGets,
  asked: readonly Asked[],
  largest = Math.floor(ANSWER_BYTES / asked.length),
): Promise<Found[]> {
  const [first] = asked;
  if (first !== undefined && asked.length === 1) return [await readOne(reader, gets, first.prefix, first.key)];
  const [packed] = await reader.all<PackedValues>(gets.readPacked, [askFor(gets.table, asked), largest]);
  if (packed === undefined) throw new Error('an aggregate without GROUP BY gave no row');
  const found: Found[] = [];
  let group: Left[] = [];
  let groupBytes = 0;
  let groupLargest = 0;
  const fetchGroup = async (): Promise<void> => {
    const values = await readMany(
      reader,
      gets,
      group.map((each) => each.asked),
      groupLargest,
    );
    for (let i = 0; i < group.length; i++) found[(group[i] as Left).position] = values[i];
    group = [];
    groupBytes = 0;
    groupLargest = 0;
  };
  for (const [position, value] of unpackValues(packed, largest).entries()) {
    const each = asked[position] as Asked;
    if (!(value instanceof NotPacked)) found[position] = value;
    else if (value.size === FOREIGN) found[position] = await readOne(reader, gets, each.prefix, each.key);
    else {
      if (group.length > 0 && groupBytes + value.size > ANSWER_BYTES) await fetchGroup();
      group.push({ position, asked: each });
      groupBytes += value.size;
      groupLargest = Math.max(groupLargest, value.size);
    }
  }
  if (group.length > 0) await fetchGroup();
  return found;
}

/** The parameter of `readPacked` for one entry or more. Written by hand: an object would put keys that look like integers first. */
function askFor({ shape }: Table, asked: readonly Asked[]): string {
  if (shape === 'state') return JSON.stringify(asked.map(({ prefix }) => prefix));
  let text = '{';
  let open: string | undefined;
  for (const { prefix, key } of asked) {
    if (prefix === open) text += ',';
    else {
      text += `${open === undefined ? '' : '],'}${JSON.stringify(prefix)}:[`;
      open = prefix;
    }
    text += JSON.stringify(key);
  }
  return `${text}]}`;
}
