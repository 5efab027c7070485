/**
 * Runs every harness and prints one table: `npm run test:faults`, with `-- --only "power cut,soak"`, `--minutes 30` (of the soak), `--seed 7`. Ends with 1
 * when a harness found something or a control found nothing.
 */
import { arch, cpus, type } from 'node:os';
import { inspect, parseArgs } from 'node:util';
import sqlite3 from 'sqlite3';
import { buildFaultfs } from './faultfs';
import { births } from './harness/birth';
import { BACKUP_ACTIONS, backupPowerCut, backups, carelessBackup } from './harness/backup';
import { churns } from './harness/churn';
import { damage } from './harness/damage';
import { diskFull, whyNoMount } from './harness/disk-full';
import { fuzzes } from './harness/fuzz';
import { forgottenStop } from './harness/forgotten-stop';
import { heldLocks } from './harness/held-lock';
import { CHECKPOINTING, FAILING, GHOSTLY, ioError } from './harness/io-error';
import { outOfMemory } from './harness/out-of-memory';
import { placedKill } from './harness/placed-kill';
import { failedSync, powerCut } from './harness/power-cut';
import { randomKill } from './harness/random-kill';
import { leaks, LEAKS_SHOWN, soaks, soakTable } from './harness/soak';
import { storms } from './harness/storm';
import { twoProcesses } from './harness/two-processes';
import { Workshop } from './processes';
import { reportOf, type Row } from './report';
import type { Flaw, SubjectOptions } from './subjects';
import { combined, Tally, type Symptom } from './tally';

const DURABLE = { kind: 'library', durability: true } as const;
const RELAXED: SubjectOptions = { kind: 'library', durability: false };
const flawed = (flaw?: Flaw): SubjectOptions => ({ kind: 'bare', synchronous: 'FULL', ...(flaw && { flaw }) });
const UNSYNCED: SubjectOptions = { kind: 'bare', synchronous: 'OFF' };

interface Plan {
  harness: string;
  /** It works by faultfs.c. */
  preloads?: boolean;
  /** Fewer points prove nothing. */
  atLeast: number;
  wrong: string;
  /** What the control must show. */
  must: readonly Symptom[];
  run: () => Promise<Pick<Row, 'tally' | 'control'>>;
}

/** A harness on the library, several times perhaps, and beside it on its control. */
async function beside(tallies: Promise<Tally>[], control: Promise<Tally>): Promise<Pick<Row, 'tally' | 'control'>> {
  const [found, ...tally] = await Promise.all([control, ...tallies]);
  return { tally: combined(...tally), control: found };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const soakSeconds = 60 * Number(values.minutes ?? 0.5);
  const workshop = new Workshop();
  const leftOut: string[] = [];
  const { library: faultfs, whyNot: noFaultfs } = buildFaultfs(workshop.root);
  const noMount = whyNoMount(workshop.directory());
  let soakReport = '';

  const plans: Plan[] = [
    {
      harness: 'random kill',
      atLeast: 240,
      wrong: 'commits every eighth write',
      must: ['lost'],
      run: () =>
        beside(
          [
            randomKill(workshop, {
              kills: 240,
              seed,
              subject: (turn) => (turn % 2 === 0 ? DURABLE : RELAXED),
            }),
          ],
          randomKill(workshop, { kills: 20, seed, subject: () => flawed('early') }),
        ),
    },
    {
      harness: 'placed kill',
      preloads: true,
      atLeast: 400,
      wrong: 'commits a batch in parts',
      must: ['half'],
      run: () => {
        const fresh = { writes: 26, sessions: 2, smallPages: false };
        const checkpoints = { writes: 300, sessions: 1, smallPages: true };
        return beside(
          [
            placedKill(workshop, faultfs, { subject: DURABLE, ...fresh, stride: 1 }),
            placedKill(workshop, faultfs, { subject: RELAXED, ...checkpoints, stride: 301 }),
            placedKill(workshop, faultfs, { subject: DURABLE, ...checkpoints, file: 'database.db', stride: 97 }),
          ],
          placedKill(workshop, faultfs, { subject: flawed('piecemeal'), ...fresh, stride: 7 }),
        );
      },
    },
    ...[DURABLE, RELAXED].map((subject): Plan => {
      const relaxed = subject === RELAXED;
      return {
        harness: `power cut, ${relaxed ? 'relaxed' : 'durable'}`,
        preloads: true,
        atLeast: 5000,
        wrong: 'synchronous=OFF',
        // What is not synced in order damages the file: a relaxed store may lose its end, but must open.
        must: [relaxed ? /SQLITE_CORRUPT|integrity_check/ : 'lost'],
        run: () => {
          const fresh = { relaxed, writes: 60, sessions: 2, smallPages: false, stride: 1, random: 3, seed };
          const checkpoints = { relaxed, writes: 300, sessions: 1, smallPages: true, stride: 7, random: 2, seed };
          return beside(
            [
              powerCut(workshop, faultfs, { subject, ...fresh }),
              powerCut(workshop, faultfs, { subject, ...checkpoints }),
            ],
            powerCut(workshop, faultfs, { subject: UNSYNCED, ...fresh }),
          );
        },
      };
    }),
    {
      harness: 'failed sync, then power cut',
      preloads: true,
      atLeast: 100,
      wrong: 'takes it for a success',
      must: ['lost'],
      run: () =>
        beside(
          [failedSync(workshop, faultfs, { subject: DURABLE, writes: 30, sessions: 2, stride: 1 })],
          failedSync(workshop, faultfs, { subject: flawed('deaf'), writes: 30, sessions: 1, stride: 5 }),
        ),
    },
    {
      harness: 'I/O error',
      preloads: true,
      atLeast: 500,
      wrong: 'takes a failed commit for undone',
      must: ['ghosts'],
      run: () => {
        const size = { writes: 16, sessions: 2 };
        const checkpoints = { writes: 200, sessions: 1, checkpoints: true };
        const failing = FAILING.filter(({ action, calls }) => action === 'fail-on' && calls.includes('sync'));
        return beside(
          [
            ioError(workshop, faultfs, { subject: DURABLE, ...size, failing: FAILING, stride: 1 }),
            ioError(workshop, faultfs, { subject: DURABLE, ...checkpoints, failing: CHECKPOINTING, stride: 17 }),
          ],
          ioError(workshop, faultfs, { subject: flawed(), ...size, failing, stride: 3 }),
        );
      },
    },
    {
      harness: 'I/O error, then nothing new',
      preloads: true,
      atLeast: 100,
      wrong: 'fences without writing',
      must: ['ghosts'],
      run: () => {
        const size = { writes: 16, sessions: 1, failing: GHOSTLY, fences: true };
        return beside(
          [ioError(workshop, faultfs, { subject: DURABLE, ...size, stride: 1 })],
          ioError(workshop, faultfs, { subject: { ...DURABLE, flaw: 'unfenced' }, ...size, stride: 3 }),
        );
      },
    },
    {
      harness: 'disk full',
      atLeast: 24,
      wrong: 'goes on after an error',
      must: ['half'],
      run: async () => {
        if (noMount !== undefined) leftOut.push(`a small file system for the full disk: ${noMount}`);
        const mount = noMount === undefined;
        return {
          tally: await diskFull(workshop, { subject: DURABLE, points: 12, mount }),
          control: await diskFull(workshop, { subject: flawed('undeterred'), points: 4, mount }),
        };
      },
    },
    {
      harness: 'out of memory',
      atLeast: 100,
      wrong: 'goes on after an error',
      must: ['half'],
      run: () =>
        beside(
          [outOfMemory(workshop, { subject: DURABLE, from: 60, to: 1200, step: 10 })],
          outOfMemory(workshop, { subject: flawed('undeterred'), from: 60, to: 200, step: 10 }),
        ),
    },
    {
      harness: 'damaged file',
      atLeast: 120,
      wrong: 'takes no rejection',
      must: [/ended with 1: .*Error/s],
      run: () =>
        beside(
          [damage(workshop, { points: 120, seed, trusting: false })],
          damage(workshop, { points: 10, seed, trusting: true }),
        ),
    },
    {
      harness: 'backup',
      preloads: true,
      atLeast: 100,
      wrong: 'copies the file alone',
      must: ['lost'],
      run: () =>
        beside(
          [backups(workshop, faultfs, { actions: BACKUP_ACTIONS, stride: 1 }), backupPowerCut(workshop, faultfs, seed)],
          carelessBackup(workshop),
        ),
    },
    {
      harness: 'held lock',
      atLeast: 8,
      wrong: 'keeps a statement unreset',
      must: [/a write was rejected although the lock was free/],
      run: () =>
        beside(
          [heldLocks(workshop, DURABLE, [1, 2, 3, 7, 8, 16, 64, 304])],
          heldLocks(workshop, flawed('unreset'), [2, 3]),
        ),
    },
    {
      harness: 'two processes',
      atLeast: 1000,
      wrong: 'BEGIN DEFERRED',
      must: [/SQLITE_BUSY/],
      run: () =>
        beside(
          [twoProcesses(workshop, { subject: DURABLE, writes: 600, sessions: 6, visits: 60, kills: 4 })],
          twoProcesses(workshop, {
            subject: flawed('deferred'),
            writes: 200,
            sessions: 2,
            visits: 10,
            kills: 0,
          }),
        ),
    },
    {
      harness: 'birth of a store',
      atLeast: 160,
      wrong: 'BEGIN DEFERRED',
      must: [/SQLITE_BUSY/],
      run: () =>
        beside(
          [births(workshop, { subject: DURABLE, stores: 40, processes: 4 })],
          births(workshop, { subject: flawed('deferred'), stores: 5, processes: 4 }),
        ),
    },
    {
      harness: 'forgotten stop',
      atLeast: 2,
      wrong: 'commits every eighth write',
      must: ['lost'],
      run: () => beside([forgottenStop(workshop, [DURABLE, RELAXED])], forgottenStop(workshop, [flawed('early')])),
    },
    {
      harness: 'open/stop storm',
      atLeast: 400,
      wrong: 'leaves a connection open',
      must: [/descriptors more/],
      run: () => beside([storms(workshop, 400, false)], storms(workshop, 20, true)),
    },
    {
      harness: 'churn of 10,000 actors',
      atLeast: 60_000,
      wrong: 'forgets one write in a thousand',
      must: ['lost'],
      run: () => {
        const size = { actors: 10_000, operations: 60_000, seed };
        return beside([churns(workshop, { ...size, forgets: false })], churns(workshop, { ...size, forgets: true }));
      },
    },
    {
      harness: 'fuzz',
      atLeast: 20_000,
      wrong: 'converts its arguments',
      must: [/wrong put/],
      run: () =>
        beside(
          [fuzzes(workshop, { steps: 20_000, seed, coerces: false })],
          fuzzes(workshop, { steps: 500, seed, coerces: true }),
        ),
    },
    {
      harness: 'soak',
      atLeast: 1000,
      wrong: 'leaks in four ways',
      must: LEAKS_SHOWN,
      run: async () => {
        const { tally, samples } = await soaks(workshop, { seconds: soakSeconds, seed });
        soakReport = soakTable(samples);
        return { tally, control: await leaks(workshop, { seconds: 15, seed }) };
      },
    },
  ];

  const only = values.only?.split(',');
  const rows: Row[] = [];
  const started = performance.now();
  try {
    for (const { harness, preloads, atLeast, wrong, must, run } of plans) {
      if (only !== undefined && !only.some((name) => harness.includes(name.trim()))) continue;
      if (preloads === true && noFaultfs !== undefined) {
        leftOut.push(`${harness}: ${noFaultfs}`);
        continue;
      }
      const begun = performance.now();
      const row = { harness, wrong, must, ...(await run().catch(thrown)) };
      if (row.tally.points < atLeast) row.tally.findings.push(`${row.tally.points} points, not ${atLeast}`);
      rows.push(row);
      const verdict = row.tally.clean ? 'clean' : row.tally.summary();
      console.error(`${harness}: ${verdict} (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
    }
  } finally {
    workshop.dispose();
  }

  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`\n${reportOf(rows)}\n`);
  if (soakReport !== '') console.log(`${soakReport}\n`);
  const machine = `Node ${process.version}, SQLite ${sqlite3.VERSION}, ${type()} ${arch()}, ${cpus().length} cores`;
  console.log(`seed ${seed}, ${seconds} s, ${machine}`);
  for (const what of leftOut) console.log(`left out: ${what}`);
  for (const { harness, tally, control, must } of rows) {
    for (const finding of tally.findings.slice(0, 20)) console.log(`${harness}: ${finding}`);
    if (must.every((symptom) => control.shows(symptom))) continue;
    for (const finding of control.findings.slice(0, 5)) console.log(`${harness}, control: ${finding}`);
  }
  const proven = ({ tally, control, must }: Row): boolean =>
    tally.clean && must.every((symptom) => control.shows(symptom));
  return rows.length > 0 && rows.every(proven) ? 0 : 1;
}

/** A harness that throws costs its own line, not the table. */
function thrown(error: unknown): Pick<Row, 'tally' | 'control'> {
  const tally = new Tally();
  tally.findings.push(inspect(error));
  return { tally, control: new Tally() };
}

void main().then((code) => {
  process.exitCode = code;
});
