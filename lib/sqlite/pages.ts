/** Pages through the entries of one actor, packed, in key order or against it. */
import type { Page, PageSource } from '../iteration';
import type { Connection } from './connection';
import { AFTER_EVERY_KEY, UnpackedPage, type PackedPage } from './packing';
import * as sql from './statements';
import type { Table } from './statements';

/** Runs one read on a reader, or on the read view of the scan. */
export type RunRead = <T>(read: (connection: Connection) => Promise<T>) => Promise<T>;

/** An entry as SQLite gave it: anything may have been written from outside. */
export interface RawEntry {
  readonly key: unknown;
  readonly keyBytes: Buffer;
  readonly value: unknown;
}

/** Whether text came out of the file as it went in: not so when it is no text, or not valid UTF-8. */
export function isText(text: unknown, bytes: Buffer): text is string {
  return typeof text === 'string' && Buffer.from(text).equals(bytes);
}

export interface Scan {
  readonly table: Table;
  readonly prefix: string;
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly reverse: boolean;
  readonly limit: number;
  /** Gives the entry that the scan starts at an empty value: it is asked for its existence alone. */
  readonly anchored?: boolean;
  /** The caller waits for all of it. */
  readonly whole?: boolean;
}

/**
 * A page has at most `MOST_ROWS` entries, and at most `MOST_ROWS` rows times the largest entry that is packed: that product never exceeds
 * `PAGE_BYTES`. So the bound needs no running sum in SQL, which would cost more than the scan.
 */
const PAGE_BYTES = 4 * 2 ** 20;
const MOST_ROWS = 1024;
/** Of a scan whose caller waits for the first entry. */
const FIRST_ROWS = 256;
/** A page is aimed at a quarter of its bound, so that values of mixed sizes seldom cut it short. */
const AIM_BYTES = PAGE_BYTES / 4;

export class EntryPages implements PageSource<[string, Buffer]> {
  readonly #scan: Scan;
  readonly #run: RunRead;
  readonly #checkEntry: (entry: RawEntry) => [string, Buffer];
  readonly #close: () => Promise<void>;
  /** The key that the next page starts from, or after. */
  #from: string | Buffer;
  #start: sql.Direction['start'];
  readonly #to: string | Buffer;
  #rows: number;
  #remaining: number;
  #nextAlone = false;

  /** `checkEntry` throws for an entry that is no text with a blob. `close` gives back what `run` reads from. */
  constructor(scan: Scan, run: RunRead, checkEntry: (entry: RawEntry) => [string, Buffer], close: () => Promise<void>) {
    this.#scan = scan;
    this.#run = run;
    this.#checkEntry = checkEntry;
    this.#close = close;
    const first = scan.start ?? '';
    const last = scan.end ?? AFTER_EVERY_KEY;
    this.#from = scan.reverse ? last : first;
    this.#to = scan.reverse ? first : last;
    this.#remaining = scan.limit;
    this.#rows = scan.whole === true ? MOST_ROWS : FIRST_ROWS;
    this.#start = scan.anchored === true ? 'anchored' : 'at';
  }

  fetch(): Promise<Page<[string, Buffer]> | undefined> {
    if (this.#remaining <= 0) return Promise.resolve(undefined);
    return this.#run((connection) => this.#read(connection));
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #read(connection: Connection): Promise<Page<[string, Buffer]> | undefined> {
    while (!this.#nextAlone) {
      const asked = Math.min(this.#rows, this.#remaining);
      const largest = Math.floor(PAGE_BYTES / asked);
      const [packed] = await connection.all<PackedPage>(sql.readPage(this.#scan.table, this.#direction()), [
        ...this.#bounds(),
        asked,
        largest,
      ]);
      if (packed === undefined) throw new Error('an aggregate without GROUP BY gave no row');
      const page = new UnpackedPage(packed);
      this.#resize(asked, largest, page.length, packed.bytes?.length ?? 0, page.leftOut);
      if (page.leftOut === undefined && page.rows < asked) this.#remaining = 0;
      if (page.length > 0) return this.#deliver(page);
      if (page.leftOut === undefined) return undefined;
    }
    this.#nextAlone = false;
    const [raw] = await connection.all<RawEntry>(sql.readNext(this.#scan.table, this.#direction()), this.#bounds());
    if (raw === undefined) {
      this.#remaining = 0;
      return undefined;
    }
    return this.#deliver([this.#checkEntry(raw)]);
  }

  /** Chooses how many rows the next page asks for, and whether its first entry has to be read by itself. */
  #resize(asked: number, largest: number, got: number, bytes: number, leftOut: number | undefined): void {
    if (leftOut === undefined) {
      if (got === this.#rows && bytes < AIM_BYTES / 2) this.#rows = Math.min(this.#rows * 2, MOST_ROWS);
    } else if (leftOut > largest && leftOut <= AIM_BYTES) {
      this.#rows = Math.max(1, Math.min(asked >> 1, Math.floor(AIM_BYTES / (leftOut + 1))));
    } else {
      this.#nextAlone = true;
      // Where one is that large, more may be: a page that looks at many rows to give a few would take ever longer.
      this.#rows = Math.max(1, got);
    }
  }

  #deliver(page: Page<[string, Buffer]>): Page<[string, Buffer]> {
    this.#remaining -= page.length;
    const last = page.at(page.length - 1);
    if (last !== undefined) this.#from = last[0];
    this.#start = 'after';
    return page;
  }

  #direction(): sql.Direction {
    return { reverse: this.#scan.reverse, start: this.#start, toTheTop: this.#scan.end === undefined };
  }

  #bounds(): [string, string | Buffer, string | Buffer] {
    return [this.#scan.prefix, this.#from, this.#to];
  }
}

const PREFIXES_PER_PAGE = 1000;

/** Pages through the prefixes of a table. A table that does not exist has none. */
export class PrefixPages implements PageSource<string> {
  readonly #table: string;
  readonly #run: RunRead;
  #after: string | undefined;
  #ended = false;

  constructor(table: string, run: RunRead) {
    this.#table = table;
    this.#run = run;
  }

  fetch(): Promise<string[] | undefined> {
    return this.#ended ? Promise.resolve(undefined) : this.#run((connection) => this.#read(connection));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(connection: Connection): Promise<string[] | undefined> {
    if (this.#after === undefined && (await connection.all(sql.READ_DEFINITION, [this.#table])).length === 0) {
      this.#ended = true;
      return undefined;
    }
    const rows = await connection.all<{ prefix: unknown; bytes: Buffer }>(
      sql.readPrefixes(this.#table, this.#after === undefined),
      [this.#after ?? '', PREFIXES_PER_PAGE],
    );
    const prefixes = rows.map(({ prefix, bytes }) => {
      if (!isText(prefix, bytes)) throw new Error('a prefix in the file is not text in UTF-8');
      return prefix;
    });
    this.#after = prefixes.at(-1);
    this.#ended = rows.length < PREFIXES_PER_PAGE;
    return prefixes.length === 0 ? undefined : prefixes;
  }
}
