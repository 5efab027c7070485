/** A short selection of the harnesses; `npm run test:faults` runs them in full. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFaultfs } from './faultfs';
import { BACKUP_ACTIONS, backupPowerCut, backups } from './harness/backup';
import { churns } from './harness/churn';
import { damage } from './harness/damage';
import { diskFull } from './harness/disk-full';
import { fuzzes } from './harness/fuzz';
import { forgottenStop } from './harness/forgotten-stop';
import { FAILING, ioError } from './harness/io-error';
import { outOfMemory } from './harness/out-of-memory';
import { placedKill } from './harness/placed-kill';
import { failedSync, powerCut } from './harness/power-cut';
import { randomKill } from './harness/random-kill';
import { storms } from './harness/storm';
import { twoProcesses } from './harness/two-processes';
import { Workshop } from './processes';
import type { SubjectOptions } from './subjects';
import type { Tally } from './tally';

const DURABLE = { kind: 'library', durability: true } as const;
const RELAXED: SubjectOptions = { kind: 'library', durability: false };
const SEED = 1;

const built = mkdtempSync(join(tmpdir(), 'ave-faultfs-'));
const { library: faultfs, whyNot } = buildFaultfs(built);
/** Needs the fault library. Without it the title says why the spec is left out. */
function itPreloads(title: string, run: () => Promise<void>): void {
  if (whyNot === undefined) it(title, run);
  else it.skip(`${title} (${whyNot})`, run);
}

// They take seconds; a busy machine must not make them fail.
jest.setTimeout(120_000);

let workshop: Workshop;

beforeAll(() => (workshop = new Workshop()));

afterAll(() => {
  workshop.dispose();
  rmSync(built, { recursive: true });
});

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
    expect((await placedKill(workshop, faultfs, { subject: control, ...kill, stride: 97 })).half).toBeGreaterThan(0);
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
  itPreloads('loses nothing that was acknowledged behind a sync that failed, when the power is cut later', async () => {
    expectClean(await failedSync(workshop, faultfs, { subject: DURABLE, writes: 8, sessions: 1, stride: 5 }));
  });

  for (const failing of FAILING) {
    const what = `${failing.calls.join(', ')} (${failing.error ?? ''}, ${failing.action ?? ''})`;
    itPreloads(`leaves no doubt about what is stored: ${what}`, async () => {
      const size = { writes: 12, sessions: 1, stride: 61 };
      expectClean(await ioError(workshop, faultfs, { subject: DURABLE, ...size, failing: [failing] }));
    });
  }

  const syncs = { calls: ['sync'], action: 'fail-once', error: 'EIO' } as const;

  itPreloads('has its unknown outcome settled by the next write, also by one that changes nothing', async () => {
    const run = { writes: 8, sessions: 1, failing: [syncs], stride: 1, fences: true };
    expectClean(await ioError(workshop, faultfs, { subject: DURABLE, ...run }));
    const control = { ...DURABLE, flaw: 'unfenced' } as const;
    expect((await ioError(workshop, faultfs, { subject: control, ...run })).ghosts).toBeGreaterThan(0);
  });

  itPreloads('shows a write that was rejected and yet is there, were it not for the flag', async () => {
    const run = { writes: 12, sessions: 1, failing: [{ ...syncs, action: 'fail-on' }], stride: 1 } as const;
    const control = { kind: 'bare', synchronous: 'FULL' } as const;
    expect((await ioError(workshop, faultfs, { subject: control, ...run })).ghosts).toBeGreaterThan(0);
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
    expectClean(await backups(workshop, faultfs, { actions: BACKUP_ACTIONS, stride: 37 }));
  });

  itPreloads('is on the disk when it has resolved', async () => {
    expectClean(await backupPowerCut(workshop, faultfs, SEED));
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

describe('a damaged file', () => {
  it('is neither deleted nor made anew, and no call hangs', async () => {
    expectClean(await damage(workshop, { points: 4, seed: SEED, trusting: false }));
  });
});

describe('hostile arguments', () => {
  it('are refused by every method, and never stored', async () => {
    expectClean(await fuzzes(workshop, { steps: 1500, seed: SEED, coerces: false }));
  });
});
