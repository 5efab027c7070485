/**
 * The key of an actor's n-th event. Keys are ordered as text, so the number is padded: 20 digits hold every 64-bit number.
 * @param {number} sequence
 */
export function keyOf(sequence) {
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new RangeError(`${sequence} is no sequence number`);
  return String(sequence).padStart(20, '0');
}

/**
 * The sequence number that a key stands for.
 * @param {string} key
 */
export function sequenceOf(key) {
  return Number(key);
}
