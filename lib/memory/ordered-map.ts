/** Entries in the order of their keys' UTF-8 bytes. */

/** Which entries of a map, in which direction. Bounds are inclusive, `cursor` is exclusive and where the walk begins. */
export interface Range {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly cursor?: string | undefined;
  readonly reverse?: boolean;
  readonly limit: number;
}

/**
 * An immutable treap (https://en.wikipedia.org/wiki/Treap): every change is two cuts and two joins that share all but O(log n) nodes with the map
 * before it. So a frozen view, and the way back from half a batch, is a reference. A B-tree package does single puts faster, but its copies
 * on write and its range deletes are a hundred times this code.
 */
export class OrderedMap<V> {
  readonly #root: Tree<V>;

  constructor(root?: Tree<V>) {
    this.#root = root;
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = compareUtf8(key, node.key);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  set(key: string, value: V): OrderedMap<V> {
    return this.#replace(key, key, new Node(key, value, Math.random(), undefined, undefined));
  }

  delete(key: string): OrderedMap<V> {
    return this.#replace(key, key, undefined);
  }

  /** Without the entries from `start` to `end`, both inclusive, `undefined` is open. */
  deleteRange(start: string | undefined, end: string | undefined): OrderedMap<V> {
    if (start !== undefined && end !== undefined && compareUtf8(start, end) > 0) return this;
    return this.#replace(start, end, undefined);
  }

  entries(range: Range): [key: string, value: V][] {
    const found: [string, V][] = [];
    collect(this.#root, range, found);
    return found;
  }

  #replace(start: string | undefined, end: string | undefined, middle: Tree<V>): OrderedMap<V> {
    const before = start === undefined ? undefined : below(this.#root, start);
    const after = end === undefined ? undefined : above(this.#root, end);
    return new OrderedMap(join(join(before, middle), after));
  }
}

/**
 * Well-formed text in the order of its UTF-8 bytes, without encoding it. UTF-16 units compare alike, but for the surrogates: they stand for
 * code points above all that one unit can hold.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

type Tree<V> = Node<V> | undefined;

/** Ordered by key from left to right, by priority from the root down: random priorities keep the tree flat for any order of puts. */
class Node<V> {
  constructor(
    readonly key: string,
    readonly value: V,
    readonly priority: number,
    readonly left: Tree<V>,
    readonly right: Tree<V>,
  ) {}
}

/** The entries with keys before `key`. */
function below<V>(node: Tree<V>, key: string): Tree<V> {
  if (node === undefined) return undefined;
  if (compareUtf8(node.key, key) >= 0) return below(node.left, key);
  const right = below(node.right, key);
  return right === node.right ? node : new Node(node.key, node.value, node.priority, node.left, right);
}

/** The entries with keys after `key`. */
function above<V>(node: Tree<V>, key: string): Tree<V> {
  if (node === undefined) return undefined;
  if (compareUtf8(node.key, key) <= 0) return above(node.right, key);
  const left = above(node.left, key);
  return left === node.left ? node : new Node(node.key, node.value, node.priority, left, node.right);
}

/** Both, when every key of `a` comes before every key of `b`. */
function join<V>(a: Tree<V>, b: Tree<V>): Tree<V> {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a.priority > b.priority
    ? new Node(a.key, a.value, a.priority, a.left, join(a.right, b))
    : new Node(b.key, b.value, b.priority, join(a, b.left), b.right);
}

function collect<V>(node: Tree<V>, range: Range, found: [string, V][]): void {
  if (node === undefined || found.length >= range.limit) return;
  const { start, end, cursor, reverse = false } = range;
  const passed = cursor === undefined ? 1 : compareUtf8(node.key, cursor);
  const tooLow = (start !== undefined && compareUtf8(node.key, start) < 0) || (!reverse && passed <= 0);
  const tooHigh =
    (end !== undefined && compareUtf8(node.key, end) > 0) || (reverse && cursor !== undefined && passed >= 0);
  const [first, second] = reverse ? [node.right, node.left] : [node.left, node.right];
  const [skipFirst, skipSecond] = reverse ? [tooHigh, tooLow] : [tooLow, tooHigh];
  if (!skipFirst) collect(first, range, found);
  if (!tooLow && !tooHigh && found.length < range.limit) found.push([node.key, node.value]);
  if (!skipSecond) collect(second, range, found);
}
