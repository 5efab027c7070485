/** Entries in the order of their keys' UTF-8 bytes. */

/** Which entries of a map, in which direction. Bounds are inclusive; `cursor` is exclusive and where the walk begins. */
export interface Range {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly cursor?: string | undefined;
  readonly reverse?: boolean;
  readonly limit: number;
}

/**
 * An immutable B+ tree: a change copies the nodes on its way from the root and shares the others with the map before it. So a frozen view, and
 * the way back from half a batch, is a reference; a mutable ordered package would need a copy or an undo log for either.
 */
export class OrderedMap<V> {
  readonly #root: Node<V> | undefined;

  constructor(root?: Node<V>) {
    this.#root = root;
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  get(key: string): V | undefined {
    const order = orderOf(key);
    let node = this.#root;
    while (node instanceof Branch) node = node.nodes[childFor(node.nodes, order)];
    const item = node?.items[firstFrom(node.items, order)];
    return item?.order === order ? item.value : undefined;
  }

  set(key: string, value: V): OrderedMap<V> {
    const item = { order: orderOf(key), key, value };
    if (this.#root === undefined) return new OrderedMap(new Leaf([item]));
    const nodes = withItem(this.#root, item);
    return new OrderedMap(nodes.length === 1 ? nodes[0] : new Branch(nodes));
  }

  delete(key: string): OrderedMap<V> {
    return this.deleteRange(key, key);
  }

  /** Without the entries from `start` to `end`, both inclusive, `undefined` is open. */
  deleteRange(start: string | undefined, end: string | undefined): OrderedMap<V> {
    const span = { from: orderOf(start ?? ''), to: end === undefined ? undefined : after(end) };
    if (this.#root === undefined || isEmpty(span)) return this;
    return new OrderedMap(withoutSpan(this.#root, span));
  }

  entries({ start, end, cursor, reverse = false, limit }: Range): [key: string, value: V][] {
    let from = orderOf(start ?? '');
    let to = end === undefined ? undefined : after(end);
    if (cursor !== undefined) {
      if (reverse) to = orderOf(cursor);
      else from = after(cursor);
    }
    const found: [string, V][] = [];
    if (this.#root !== undefined) collect(this.#root, { from, to }, reverse, limit, found);
    return found;
  }
}

/**
 * A text whose UTF-16 units compare as the UTF-8 bytes of `key` do. The two orders differ in one place alone: surrogates, which stand for code
 * points above U+FFFF, are smaller units than U+E000 to U+FFFF. They change places.
 */
export function orderOf(key: string): string {
  if (!/[\ud800-\uffff]/.test(key)) return key;
  return key.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}

/** The order next to that of `key`: what is before it, is `key` or before `key`. */
function after(key: string): string {
  return `${orderOf(key)}\0`;
}

/** The orders from `from` up to, and without, `to`. */
interface Span {
  readonly from: string;
  readonly to: string | undefined;
}

function isEmpty({ from, to }: Span): boolean {
  return to !== undefined && from >= to;
}

interface Item<V> {
  readonly order: string;
  readonly key: string;
  readonly value: V;
}

/** Never empty. A deletion merges no nodes; what matters is that a node without items goes. */
type Node<V> = Leaf<V> | Branch<V>;

const MAX_CHILDREN = 64;

class Leaf<V> {
  readonly first: string;
  constructor(readonly items: readonly Item<V>[]) {
    this.first = (items[0] as Item<V>).order;
  }
}

class Branch<V> {
  readonly first: string;
  constructor(readonly nodes: readonly Node<V>[]) {
    this.first = (nodes[0] as Node<V>).first;
  }
}

/** The position of the first item at or after `order`. */
function firstFrom(items: readonly Item<unknown>[], order: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Item<unknown>).order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the child that `order` belongs into. */
function childFor(nodes: readonly Node<unknown>[], order: string): number {
  let low = 0;
  let high = nodes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((nodes[middle] as Node<unknown>).first <= order) low = middle;
    else high = middle - 1;
  }
  return low;
}

function withItem<V>(node: Node<V>, item: Item<V>): Node<V>[] {
  if (node instanceof Leaf) {
    const at = firstFrom(node.items, item.order);
    const replaced = node.items[at]?.order === item.order ? 1 : 0;
    return halved(node.items.toSpliced(at, replaced, item)).map((items) => new Leaf(items));
  }
  const at = childFor(node.nodes, item.order);
  const nodes = node.nodes.toSpliced(at, 1, ...withItem(node.nodes[at] as Node<V>, item));
  return halved(nodes).map((half) => new Branch(half));
}

function halved<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length <= MAX_CHILDREN) return [list];
  return [list.slice(0, MAX_CHILDREN / 2), list.slice(MAX_CHILDREN / 2)];
}

function withoutSpan<V>(node: Node<V>, span: Span): Node<V> | undefined {
  const { from, to } = span;
  if (node instanceof Leaf) {
    const items = node.items.filter(({ order }) => order < from || (to !== undefined && order >= to));
    return items.length === 0 ? undefined : new Leaf(items);
  }
  const nodes = node.nodes.flatMap((child, index) => {
    const next = node.nodes[index + 1]?.first;
    if (!overlaps(child.first, next, span)) return child;
    const isInside = child.first >= from && (to === undefined || (next !== undefined && next <= to));
    return isInside ? [] : (withoutSpan(child, span) ?? []);
  });
  return nodes.length === 0 ? undefined : new Branch(nodes);
}

/** Whether a child that holds the orders from `first` up to, and without, `next` may have some of a span. */
function overlaps(first: string, next: string | undefined, { from, to }: Span): boolean {
  return (next === undefined || next > from) && (to === undefined || first < to);
}

function collect<V>(node: Node<V>, span: Span, reverse: boolean, limit: number, found: [string, V][]): void {
  const { length } = node instanceof Leaf ? node.items : node.nodes;
  for (let step = 0; step < length && found.length < limit; step++) {
    const index = reverse ? length - 1 - step : step;
    if (node instanceof Leaf) {
      const { order, key, value } = node.items[index] as Item<V>;
      if (order >= span.from && (span.to === undefined || order < span.to)) found.push([key, value]);
    } else {
      const child = node.nodes[index] as Node<V>;
      if (overlaps(child.first, node.nodes[index + 1]?.first, span)) collect(child, span, reverse, limit, found);
    }
  }
}
