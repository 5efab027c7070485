import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useRecordedConnections } from '../support/watching';
import { History, writeTo, type Outcome, type Rows } from './history';
import { openSubject } from './subjects';

const history = new History();
const WRITES = 24;
const all = (outcome: Outcome): Outcome[] => Array.from({ length: WRITES }, () => outcome);

/** The rows of a store that has these writes, in order. */
function storeOf(has: (ordinal: number) => boolean): Rows {
  const rows: Rows = new Map();
  for (let ordinal = 0; ordinal < WRITES; ordinal++) if (has(ordinal)) writeTo(rows, history.at(ordinal));
  return rows;
}

const NOTHING_WRONG = { lost: 0, half: 0, ghosts: 0, holes: 0 };

describe('the judgement of a store', () => {
  it('finds nothing wrong when everything acknowledged is there', () => {
    expect(
      history.judge(
        storeOf(() => true),
        all('acknowledged'),
      ),
    ).toEqual({ ...NOTHING_WRONG, acknowledged: WRITES });
  });

  it.each(Array.from({ length: 8 }, (_, shape) => 8 + shape))('finds a lost write (place %i)', (lost) => {
    const { lost: found } = history.judge(
      storeOf((ordinal) => ordinal !== lost),
      all('acknowledged'),
    );
    // A write whose event a later one deletes leaves no trace.
    expect(found).toBe(lost === 11 || lost === 12 ? 0 : 1);
  });

  it('finds a rejected write that is there, and lets one of unknown outcome be there or not', () => {
    const outcomes = all('acknowledged');
    outcomes[10] = 'rejected';
    expect(
      history.judge(
        storeOf(() => true),
        outcomes,
      ).ghosts,
    ).toBe(1);
    outcomes[10] = 'unknown';
    const judgements = [true, false].map((there) =>
      history.judge(
        storeOf((ordinal) => there || ordinal !== 10),
        outcomes,
      ),
    );
    for (const judgement of judgements) expect(judgement).toMatchObject(NOTHING_WRONG);
  });

  it('finds a write that is missing before one that is there', () => {
    expect(
      history.judge(
        storeOf((ordinal) => ordinal !== 9),
        all('pending'),
      ).holes,
    ).toBe(1);
    expect(
      history.judge(
        storeOf((ordinal) => ordinal < 9),
        all('pending'),
      ),
    ).toMatchObject(NOTHING_WRONG);
  });

  it('of a relaxed store takes the missing end of what was acknowledged, and no gap before the end', () => {
    expect(
      history.judge(
        storeOf((ordinal) => ordinal < 9),
        all('acknowledged'),
        true,
      ),
    ).toMatchObject(NOTHING_WRONG);
    expect(
      history.judge(
        storeOf((ordinal) => ordinal !== 9),
        all('acknowledged'),
        true,
      ).holes,
    ).toBe(1);
  });

  it.each([7, 10, 13, 14])('finds a batch of which a part is missing (place %i)', (ordinal) => {
    const rows = storeOf((place) => place < ordinal);
    const [first] = history.at(ordinal).operations;
    writeTo(rows, { ordinal, operations: [first!] });
    const outcomes = all('pending');
    const { half, lost, holes } = history.judge(rows, outcomes);
    expect(half + lost + holes).toBeGreaterThan(0);
  });

  it('finds a wrong value and a row that nobody wrote', () => {
    const rows = storeOf(() => true);
    rows.set(history.markOf(0), 'other bytes');
    rows.set('events/north/stranger', 'bytes');
    expect(history.judge(rows, all('acknowledged')).half).toBe(2);
  });
});

describe('the history, written by the library', () => {
  const connections = useRecordedConnections();

  it('is committed in both ways: as one statement, and between BEGIN and COMMIT', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ave-history-'));
    const subject = await openSubject(directory, { kind: 'library', durability: false }, history.actors);
    try {
      // The shortest of what a harness writes.
      for (let ordinal = 0; ordinal < 12; ordinal++) await subject.apply(history.at(ordinal));
      await subject.view();
    } finally {
      await subject.stop();
      rmSync(directory, { recursive: true });
    }
    const transactions = connections[0]!.calls.filter(({ sql }) => sql === 'COMMIT').length;
    expect(transactions).toBeGreaterThan(0);
    expect(transactions).toBeLessThan(12);
  });
});
