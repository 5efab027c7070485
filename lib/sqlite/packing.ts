/**
 * Many rows in two parameters, many rows in one: a crossing between JavaScript and SQLite costs as much as ten rows, so groups go down
 * packed and pages come back packed.
 *
 * Down: a blob with the bytes of every row one after the other (prefix, key, value), and a JSON array with one number for each row, its
 * *word*: where its bytes begin and how long the three parts are. The statement walks the words with json_each and cuts the blob with
 * substr. Keys do not travel as JSON text, because SQLite ends a JSON string that it unquotes at a NUL.
 *
 * Up: one row with a JSON array of keys, one of sizes, and a blob with the values one after the other.
 */

/** A word is a safe integer, 53 bits: offset (20), length of the prefix (8), of the key (8), of the value (17). */
const PREFIX_SHIFT = 25;
const KEY_SHIFT = 17;
const OFFSET_UNIT = 2 ** 33;
const PREFIX_UNIT = 2 ** PREFIX_SHIFT;
const KEY_UNIT = 2 ** KEY_SHIFT;
const MAX_SHORT = 0xff;
const MAX_LONG = 0x1ffff;

/** Bytes of one packed parameter: the offset of its last row, which may be empty, must fit into a word. */
export const PACK_BYTES = 2 ** 20 - 1;

/** In the place of a range's end: no end. */
const OPEN_END = MAX_LONG;

/** Greater than every key: https://sqlite.org/datatype3.html#sort_order puts blobs after text. */
export const AFTER_EVERY_KEY: Buffer = Buffer.from([0xff]);

/** What a packed statement selects from: `?1` are the words, `?2` the bytes. */
const start = '(word.value >> 33)';
const prefixLength = `((word.value >> ${PREFIX_SHIFT}) & ${MAX_SHORT})`;
const keyLength = `((word.value >> ${KEY_SHIFT}) & ${MAX_SHORT})`;
const lastLength = `(word.value & ${MAX_LONG})`;
const lastBytes = `substr(?2, ${start} + ${prefixLength} + ${keyLength} + 1, ${lastLength})`;

export const PACKED = {
  from: 'json_each(?1) AS word',
  prefix: `CAST(substr(?2, ${start} + 1, ${prefixLength}) AS TEXT)`,
  key: `CAST(substr(?2, ${start} + ${prefixLength} + 1, ${keyLength}) AS TEXT)`,
  value: lastBytes,
  /** `AFTER_EVERY_KEY` where there is no end. */
  end: `CASE ${lastLength} WHEN ${OPEN_END} THEN x'ff' ELSE CAST(${lastBytes} AS TEXT) END`,
  /** The byte before the row: what a dispatched row wants done. */
  action: `substr(?2, ${start}, 1)`,
} as const;

/** A row on its way down. `last` is the value, the end of a range, or nothing. */
export interface PackableRow {
  readonly prefix: string;
  readonly key: string;
  readonly last: Buffer | string | undefined;
}

/** At most so many bytes of a pack are taken by a row; Infinity when it does not fit into a word and has to go alone. */
export function packedSize({ prefix, key, last }: PackableRow): number {
  const prefixBytes = mostBytes(prefix, MAX_SHORT);
  const keyBytes = mostBytes(key, MAX_SHORT);
  const lastBytes = last === undefined ? 0 : typeof last === 'string' ? mostBytes(last, MAX_LONG) : last.length;
  if (prefixBytes > MAX_SHORT || keyBytes > MAX_SHORT || lastBytes >= MAX_LONG) return Infinity;
  return prefixBytes + keyBytes + lastBytes + 1;
}

/** A UTF-16 unit takes at most 3 bytes: only text that may be longer than `limit` is measured. */
function mostBytes(text: string, limit: number): number {
  const most = 3 * text.length;
  return most <= limit ? most : Buffer.byteLength(text);
}

/** Packs rows into the two parameters of a packed statement. Its memory is reused: the driver copies parameters when it binds them. */
export class Packer {
  readonly #arena = Buffer.allocUnsafe(PACK_BYTES);

  /** The rows together must not be larger than `PACK_BYTES` by `packedSize`. `actions[i]` is the action of row i. */
  pack(rows: readonly PackableRow[], actions?: readonly number[]): [words: string, bytes: Buffer] {
    const arena = this.#arena;
    let words = '[';
    let end = 0;
    for (let i = 0; i < rows.length; i++) {
      const { prefix, key, last } = rows[i] as PackableRow;
      arena[end] = actions?.[i] ?? 0;
      const offset = end + 1;
      const prefixBytes = arena.write(prefix, offset);
      const keyBytes = arena.write(key, offset + prefixBytes);
      end = offset + prefixBytes + keyBytes;
      let lastBytes = OPEN_END;
      if (typeof last === 'string') lastBytes = arena.write(last, end);
      else if (last !== undefined) {
        arena.set(last, end);
        lastBytes = last.length;
      }
      if (last !== undefined) end += lastBytes;
      words += `${i === 0 ? '' : ','}${offset * OFFSET_UNIT + prefixBytes * PREFIX_UNIT + keyBytes * KEY_UNIT + lastBytes}`;
    }
    return [`${words}]`, arena.subarray(0, end)];
  }
}

/** A page as it comes from SQLite. The key of an entry that was left out is null, its size says why. */
export interface PackedPage {
  readonly keys: string;
  readonly sizes: string;
  readonly bytes: Buffer | null;
}

/** In the place of a size: the entry's key may be no text, or its value no blob. */
export const FOREIGN = -1;

/** What the driver makes of bytes that are not UTF-8, if it is not a character of the key itself. */
const REPLACEMENT = '\uFFFD';

export interface UnpackedPage {
  readonly entries: [key: string, value: Buffer][];
  /** How many rows the page looked at. */
  readonly rows: number;
  /** The size of the first entry that was left out, where the page ends; FOREIGN when it cannot be an entry; undefined for none. */
  readonly leftOut: number | undefined;
}

/** The entries of a page. Their values are views of the page's memory. */
export function unpackPage(page: PackedPage): UnpackedPage {
  const keys = JSON.parse(page.keys) as (string | null)[];
  const sizes = JSON.parse(page.sizes) as number[];
  const { bytes } = page;
  const suspect = page.keys.includes(REPLACEMENT);
  const entries: [string, Buffer][] = [];
  let position = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | null;
    const size = sizes[i] as number;
    if (key === null) return { entries, rows: keys.length, leftOut: size };
    if (suspect && key.includes(REPLACEMENT)) return { entries, rows: keys.length, leftOut: FOREIGN };
    entries.push([key, viewOf(bytes, position, size)]);
    position += size;
  }
  return { entries, rows: keys.length, leftOut: undefined };
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
  let position = 0;
  return (JSON.parse(sizes) as (number | null)[]).map((size) => {
    if (size === null) return undefined;
    if (size === FOREIGN || size > largest) return new NotPacked(size);
    position += size;
    return viewOf(bytes, position - size, size);
  });
}

/** A view of a part of `bytes`, which is null when there are none at all. Cheaper than `subarray`. */
function viewOf(bytes: Buffer | null, position: number, size: number): Buffer {
  if (bytes === null) return Buffer.alloc(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset + position, size);
}
