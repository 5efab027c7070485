/**
 * Many rows in two parameters, many rows in one: a crossing between JavaScript and SQLite costs as much as ten rows, so groups go down
 * packed and pages come back packed.
 *
 * Down: `{"prefix":{"key":word,…},…}` and a blob with the values one after the other. A row's *word* says where its value begins and how long
 * it is. The statement walks the object with json_each and cuts the blob with substr. The rows of an actor stay in their order; json_each gives
 * a key that stands twice twice.
 *
 * Up: one row with a JSON array of keys, one of sizes, and a blob with the values one after the other.
 */

/**
 * A word in decimal: position (from 1, as substr counts), one digit for the action (from 1, to keep the place), seven for the length. The text
 * of two small integers is several times cheaper to make than that of one with more than 31 bits.
 */
const ACTION_UNIT = 10_000_000;
const POSITION_UNIT = 10 * ACTION_UNIT;
/** How many actions the digit can tell. */
export const MAX_ACTIONS = 8;

/** Bytes of one pack. */
export const PACK_BYTES = 2 ** 20;

/** Greater than every key: https://sqlite.org/datatype3.html#sort_order puts blobs after text. */
export const AFTER_EVERY_KEY: Buffer = Buffer.from([0xff]);

/** What a packed statement selects from: `?1` are the words, `?2` the bytes. */
export const PACKED = {
  from: 'json_each(?1) AS actor CROSS JOIN json_each(actor.value) AS word',
  prefix: 'actor.key',
  key: 'word.key',
  last: `substr(?2, word.value / ${POSITION_UNIT}, word.value % ${ACTION_UNIT})`,
  action: `word.value / ${ACTION_UNIT} % 10 - 1`,
} as const;

/** The end of a range that came as the bytes `last`: text, but for AFTER_EVERY_KEY, which is no UTF-8. */
export function endOf(last: string): string {
  return `CASE ${last} WHEN x'ff' THEN x'ff' ELSE CAST(${last} AS TEXT) END`;
}

/** A row on its way down. `last` is the value, the end of a range, or empty. */
export interface PackableRow {
  readonly prefix: string;
  readonly key: string;
  readonly last: Buffer | string;
}

/** At most so many bytes of a pack are taken by a row, a UTF-16 unit at most 3; Infinity when it does not fit and has to go alone. */
export function packedSize({ prefix, key, last }: PackableRow): number {
  const bytes = 3 * (prefix.length + key.length) + (typeof last === 'string' ? 3 * last.length : last.length);
  return bytes <= PACK_BYTES ? bytes : Infinity;
}

/** Packs rows into the two parameters of a packed statement. Its memory is reused: the driver copies parameters when it binds them. */
export class Packer {
  readonly #arena = Buffer.allocUnsafe(PACK_BYTES);

  /** The rows together must not be larger than `PACK_BYTES` by `packedSize`. `actions[i]` is the action of row i. */
  pack(rows: readonly PackableRow[], actions?: readonly number[]): [words: string, bytes: Buffer] {
    const arena = this.#arena;
    const actors = new Map<string, string>();
    let end = 0;
    for (let i = 0; i < rows.length; i++) {
      const { prefix, key, last } = rows[i] as PackableRow;
      let length = last.length;
      if (typeof last === 'string') length = arena.write(last, end);
      else arena.set(last, end);
      const word = `${JSON.stringify(key)}:${end + 1}${((actions?.[i] ?? 0) + 1) * ACTION_UNIT + length}`;
      end += length;
      const before = actors.get(prefix);
      actors.set(prefix, before === undefined ? word : `${before},${word}`);
    }
    const words = Array.from(actors, ([prefix, each]) => `${JSON.stringify(prefix)}:{${each}}`);
    // Never empty: substr of an empty blob is NULL.
    return [`{${words.join()}}`, arena.subarray(0, Math.max(end, 1))];
  }
}

/** A page as it comes from SQLite. The key of an entry that was left out is null, its size says why. */
export interface PackedPage {
  readonly keys: string;
  readonly sizes: string;
  readonly bytes: Buffer | null;
}

/** In the place of a size in the answer to gets: the value is no blob. */
export const FOREIGN = -1;

/** What the driver makes of bytes that are not UTF-8, if it is not a character of the key itself. */
const REPLACEMENT = '\uFFFD';

/**
 * The entries of a page up to the first that was left out. An entry is made when it is asked for: the next page is fetched meanwhile. Its value
 * is a view of the page's memory.
 */
export class UnpackedPage {
  /** How many entries. */
  readonly length: number;
  /** How many rows the page looked at. */
  readonly rows: number;
  /** The size of the value that was left out, where the page ends; undefined for none. A small one may be no entry of this library's. */
  readonly leftOut: number | undefined;
  readonly #keys: readonly (string | null)[];
  readonly #sizes: readonly number[];
  readonly #starts: number[] = [];
  readonly #viewOf: ViewOf;

  constructor({ keys, sizes, bytes }: PackedPage) {
    this.#keys = JSON.parse(keys) as (string | null)[];
    this.#sizes = JSON.parse(sizes) as number[];
    this.#viewOf = viewsOf(bytes);
    this.rows = this.#keys.length;
    const suspect = keys.includes(REPLACEMENT);
    let start = 0;
    let i = 0;
    for (; i < this.rows; i++) {
      const key = this.#keys[i] as string | null;
      if (key === null || (suspect && key.includes(REPLACEMENT))) break;
      this.#starts.push(start);
      start += this.#sizes[i] as number;
    }
    this.length = i;
    this.leftOut = this.#sizes[i];
  }

  at(i: number): [key: string, value: Buffer] {
    return [this.#keys[i] as string, this.#viewOf(this.#starts[i] as number, this.#sizes[i] as number)];
  }
}

/** The answer to many gets. A size is null where there is no entry. */
export interface PackedValues {
  readonly sizes: string;
  readonly bytes: Buffer | null;
}

/** In the place of a value: it is there, but not packed. `size` is FOREIGN when it is no blob. */
export class NotPacked {
  constructor(readonly size: number) {}
}

/** The values in the order asked. Those larger than `largest` and those that are no blob are not packed. */
export function unpackValues({ sizes, bytes }: PackedValues, largest: number): (Buffer | NotPacked | undefined)[] {
  const viewOf = viewsOf(bytes);
  let position = 0;
  return (JSON.parse(sizes) as (number | null)[]).map((size) => {
    if (size === null) return undefined;
    if (size === FOREIGN || size > largest) return new NotPacked(size);
    position += size;
    return viewOf(position - size, size);
  });
}

type ViewOf = (position: number, size: number) => Buffer;

/** Makes views of parts of `bytes`, which is null when there are none at all. Asking a Buffer for its memory, or for a `subarray`, takes longer. */
function viewsOf(bytes: Buffer | null): ViewOf {
  if (bytes === null) return () => Buffer.alloc(0);
  const { buffer, byteOffset } = bytes;
  return (position, size) => Buffer.from(buffer, byteOffset + position, size);
}
