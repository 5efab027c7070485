/** A short selection of the harnesses; `npm run test:faults` runs them in full. */
import { buildFaultfs, whyNoFaultfs } from './faultfs';
import { BACKUP_ACTIONS, backups } from './harness/backup';
import { churns } from './harness/churn';
import { diskFull } from './harness/disk-full';
import { fuzzes } from './harness/fuzz';
import { forgottenStop } from './harness/forgotten-stop';
import { FAILING, ioError } from './harness/io-error';
import { outOfMemory } from './harness/out-of-memory';
import { placedKill } from './harness/placed-kill';
import { powerCut } from './harness/power-cut';
import { randomKill } from './harness/random-kill';
import { storms } from './harness/storm';
import { twoProcesses } from './harness/two-processes';
import { Workshop } from './processes';
import type { SubjectOptions } from './subjects';
import type { Tally } from './tally';

const DURABLE: SubjectOptions = { kind: 'library', durability: true };
const RELAXED: SubjectOptions = { kind: 'library', durability: false };
const SEED = 1;

const reason = whyNoFaultfs();
/** Needs the fault library, which is built here. */
const itPreloads = reason === undefined ? it : it.skip;

// They take seconds; a busy machine must not make them fail.
jest.setTimeout(120_000);

let workshop: Workshop;
let faultfs = '';

beforeAll(() => {
  workshop = new Workshop();
  if (reason === undefined) faultfs = buildFaultfs(workshop.root);
});

afterAll(() => workshop.dispose());

function expectClean(tally: Tally): void {
  expect(tally.findings).toEqual([]);
  expect(tally.clean).toBe(true);
  expect(tally.points).toBeGreaterThan(0);
}

describe('a killed process', () => {
  it('loses nothing that was acknowledged, whenever it is killed', async () => {
    expectClean(
      await randomKill(workshop, { kills: 6, seed: SEED, subject: (turn) => (turn % 2 === 0 ? DURABLE : RELAXED) }),
    );
  });

  itPreloads('loses nothing that was acknowledged, at whichever call it is killed', async () => {
    const kill = { writes: 12, sessions: 1, smallPages: false, stride: 67 };
    expectClean(await placedKill(workshop, faultfs, { subject: DURABLE, ...kill }));
    const control = { kind: 'bare', synchronous: 'FULL', flaw: 'piecemeal' } as const;
    expect((await placedKill(workshop, faultfs, { subject: control, ...kill, stride: 23 })).clean).toBe(false);
  });
});

describe('a forgotten stop', () => {
  it('loses nothing that was acknowledged, and keeps no process alive', async () => {
    expectClean(await forgottenStop(workshop, [DURABLE, RELAXED]));
  });
});

describe('a power cut', () => {
  const cut = { writes: 24, sessions: 2, smallPages: false, stride: 7, random: 1, seed: SEED };

  itPreloads('loses nothing that was acknowledged as durable', async () => {
    expectClean(await powerCut(workshop, faultfs, { subject: DURABLE, relaxed: false, ...cut }));
  });

  itPreloads('takes only the end of what was acknowledged without durability', async () => {
    expectClean(await powerCut(workshop, faultfs, { subject: RELAXED, relaxed: true, ...cut }));
  });

  itPreloads('is what these harnesses can tell from a kill: without any sync they find losses', async () => {
    const control = { kind: 'bare', synchronous: 'OFF' } as const;
    const { lost } = await powerCut(workshop, faultfs, { subject: control, relaxed: false, ...cut });
    expect(lost).toBeGreaterThan(0);
  });
});

describe('a failing system', () => {
  const cases = FAILING.filter(({ action }) => action !== 'fail-torn' && action !== 'fail-thrice').map(
    (failing) => [`${failing.calls.join(', ')} (${failing.error ?? ''}, ${failing.action ?? ''})`, failing] as const,
  );
  itPreloads.each(cases)('leaves no doubt about what is stored: %s', async (_, failing) => {
    const size = { writes: 12, sessions: 1, stride: 61 };
    expectClean(await ioError(workshop, faultfs, { subject: DURABLE, ...size, failing: [failing] }));
  });

  itPreloads('shows a write that was rejected and yet is there, were it not for the fence', async () => {
    const failing = [{ calls: ['sync'], action: 'fail-on', error: 'EIO' }] as const;
    const control = { kind: 'bare', synchronous: 'FULL' } as const;
    const { ghosts } = await ioError(workshop, faultfs, {
      subject: control,
      writes: 12,
      sessions: 1,
      failing,
      stride: 1,
    });
    expect(ghosts).toBeGreaterThan(0);
  });

  it('goes on when a full disk has space again', async () => {
    expectClean(await diskFull(workshop, { subject: DURABLE, points: 2, mount: false }));
  });

  it('applies nothing by halves when memory runs out', async () => {
    expectClean(await outOfMemory(workshop, { subject: DURABLE, from: 100, to: 400, step: 60 }));
  });
});

describe('a backup', () => {
  itPreloads('is whole or not there, at whichever call it is killed or fails', async () => {
    expectClean(await backups(workshop, faultfs, { actions: BACKUP_ACTIONS, stride: 19 }));
  });
});

describe('many at once', () => {
  it('two processes write one store while a third opens and stops it', async () => {
    expectClean(await twoProcesses(workshop, { subject: DURABLE, writes: 60, sessions: 2, visits: 5, kills: 1 }));
  });

  it('a store is opened and stopped over and over with work in flight, and keeps no descriptor', async () => {
    expectClean(await storms(workshop, 16, false));
  });

  it('a thousand actors in churn recover what they wrote', async () => {
    expectClean(await churns(workshop, { actors: 1000, operations: 6000, seed: SEED, forgets: false }));
  });
});

describe('hostile arguments', () => {
  it('are refused by every method, and never stored', async () => {
    expectClean(await fuzzes(workshop, { steps: 1500, seed: SEED, coerces: false }));
  });
});
