import { createReadStream } from 'node:fs';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * A line of a file.
 * @typedef {object} Line
 * @property {number} number counted from 1
 * @property {Buffer} bytes without the line's end, and without a byte order mark at the start of the file
 * @property {boolean} tooLong longer than a mebibyte, and therefore left out
 */

/**
 * The lines of a file. Memory holds one line at a time, however long the file, and never more than a mebibyte of it.
 * @param {string} file
 * @returns {AsyncGenerator<Line, void, undefined>}
 */
export async function* linesOf(file) {
  let number = 0;
  let length = 0;
  /** @type {Buffer[]} */
  let parts = [];

  /** @param {Buffer} part */
  const take = (part) => {
    length += part.length;
    if (length <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  };
  const finish = () => {
    number += 1;
    const line = { number, bytes: trim(Buffer.concat(parts), number === 1), tooLong: length > MAX_LINE_BYTES };
    parts = [];
    length = 0;
    return line;
  };

  for await (const chunk of createReadStream(file)) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, to));
      yield finish();
      from = to + 1;
    }
    take(chunk.subarray(from));
  }
  if (length > 0) yield finish();
}

/**
 * @param {Buffer} line
 * @param {boolean} isFirst
 */
function trim(line, isFirst) {
  const start = isFirst && line.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
  return line.subarray(start, line.at(-1) === CARRIAGE_RETURN ? -1 : undefined);
}

// Bytes that are no UTF-8 are an error, not U+FFFD.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The JSON object that a line holds, which names its actor. Throws an Error that says what is wrong with the line.
 * @param {Line} line
 * @returns {{ actor: string, [property: string]: unknown }}
 */
export function parseLine({ bytes, tooLong }) {
  if (tooLong) throw new Error(`longer than ${MAX_LINE_BYTES} bytes`);
  /** @type {unknown} */
  const value = JSON.parse(utf8.decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object');
  if (!('actor' in value) || typeof value.actor !== 'string' || !value.actor.isWellFormed()) {
    throw new Error('"actor" is not a well-formed string');
  }
  return { ...value, actor: value.actor };
}
