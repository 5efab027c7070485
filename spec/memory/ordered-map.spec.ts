import fc from 'fast-check';
import { OrderedMap } from '../../lib/memory/ordered-map';

/** Short texts of few units, so that they meet: ASCII, NUL, both sides of the surrogates, a pair. */
const text = fc.string({
  unit: fc.constantFrom('\0', 'a', 'b', '\ud7ff', '\ue000', '\uffff', '𐀀', '🙂'),
  maxLength: 4,
});
const bound = fc.option(text, { nil: undefined });

/** The model: entries in an array, sorted by the bytes of their keys. */
type Model = (readonly [string, number])[];

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isIn(key: string, start: string | undefined, end: string | undefined): boolean {
  return (start === undefined || compare(key, start) >= 0) && (end === undefined || compare(key, end) <= 0);
}

function withEntry(model: Model, key: string, value: number): Model {
  const others = model.filter(([other]) => other !== key);
  const at = others.findIndex(([other]) => compare(other, key) > 0);
  return others.toSpliced(at < 0 ? others.length : at, 0, [key, value]);
}

function all(map: OrderedMap<number>): Model {
  return map.entries({ limit: Infinity });
}

const change = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('set' as const), key: text, value: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteRange' as const), start: bound, end: bound }) },
);

describe('the ordered map', () => {
  it('holds what a sorted array would, and leaves the map before a change as it was', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400, size: 'max' }), (changes) => {
        let map = new OrderedMap<number>();
        let model: Model = [];
        const history: [OrderedMap<number>, Model][] = [];
        for (const [index, one] of changes.entries()) {
          if (index % 50 === 0) history.push([map, model]);
          switch (one.kind) {
            case 'set':
              map = map.set(one.key, one.value);
              model = withEntry(model, one.key, one.value);
              break;
            case 'delete':
              map = map.delete(one.key);
              model = model.filter(([key]) => key !== one.key);
              break;
            case 'deleteRange':
              map = map.deleteRange(one.start, one.end);
              model = model.filter(([key]) => !isIn(key, one.start, one.end));
              break;
          }
          const key = one.kind === 'deleteRange' ? (one.start ?? '') : one.key;
          expect(map.get(key)).toBe(model.find(([other]) => other === key)?.[1]);
          expect(map.isEmpty).toBe(model.length === 0);
        }
        history.push([map, model]);
        for (const [earlier, expected] of history) expect(all(earlier)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('gives the entries of any range, from any cursor, in either direction', () => {
    const entries = fc.uniqueArray(text, { maxLength: 500, size: 'max' });
    fc.assert(
      fc.property(
        entries,
        bound,
        bound,
        bound,
        fc.boolean(),
        fc.nat(300),
        (keys, start, end, cursor, reverse, limit) => {
          const map = keys.reduce((before, key, index) => before.set(key, index), new OrderedMap<number>());
          const inRange = keys.filter(
            (key) =>
              isIn(key, start, end) &&
              (cursor === undefined || (reverse ? compare(key, cursor) < 0 : compare(key, cursor) > 0)),
          );
          // A cursor stands inside the range; outside of it the walk begins at the bound.
          fc.pre(cursor === undefined || isIn(cursor, start, end));
          const expected = inRange.toSorted((a, b) => (reverse ? compare(b, a) : compare(a, b))).slice(0, limit);
          expect(map.entries({ start, end, cursor, reverse, limit }).map(([key]) => key)).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('stays flat, whatever the order of the keys', () => {
    const count = 20_000;
    const ascending = Array.from({ length: count }, (_, index) => String(index).padStart(5, '0'));
    const shuffled = ascending.map((_, index) => ascending[(index * 7919) % count]!);
    for (const keys of [ascending, ascending.toReversed(), shuffled]) {
      const map = keys.reduce((before, key) => before.set(key, 0), new OrderedMap<number>());
      expect(all(map).map(([key]) => key)).toEqual(ascending);
      const few = map.deleteRange('00010', '19990');
      expect(all(few)).toHaveLength(19);
      expect(few.get('00009')).toBe(0);
    }
  });
});
