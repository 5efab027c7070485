/**
 * Runs every harness and prints one table: `npm run test:faults`, with `-- --only "power cut,soak"`, `--minutes 30` (of the soak), `--seed 7`. Ends with 1
 * when a harness found something or a control found nothing.
 */
import { arch, cpus, type } from 'node:os';
import { parseArgs } from 'node:util';
import sqlite3 from 'sqlite3';
import { buildFaultfs, whyNoFaultfs } from './faultfs';
import { births } from './harness/birth';
import { BACKUP_ACTIONS, backups, carelessBackup } from './harness/backup';
import { churns } from './harness/churn';
import { damage } from './harness/damage';
import { diskFull, whyNoMount } from './harness/disk-full';
import { fuzzes } from './harness/fuzz';
import { forgottenStop } from './harness/forgotten-stop';
import { heldLocks } from './harness/held-lock';
import { FAILING, ioError } from './harness/io-error';
import { outOfMemory } from './harness/out-of-memory';
import { placedKill } from './harness/placed-kill';
import { failedSync, powerCut } from './harness/power-cut';
import { randomKill } from './harness/random-kill';
import { soaks, soakTable } from './harness/soak';
import { storms } from './harness/storm';
import { twoProcesses } from './harness/two-processes';
import { Workshop } from './processes';
import { reportOf, type Row } from './report';
import type { Flaw, SubjectOptions } from './subjects';
import { combined, type Tally } from './tally';

const DURABLE: SubjectOptions = { kind: 'library', durability: true };
const RELAXED: SubjectOptions = { kind: 'library', durability: false };
const flawed = (flaw?: Flaw): SubjectOptions => ({ kind: 'bare', synchronous: 'FULL', ...(flaw && { flaw }) });
const UNSYNCED: SubjectOptions = { kind: 'bare', synchronous: 'OFF' };

interface Plan {
  harness: string;
  /** It works by faultfs.c. */
  preloads?: boolean;
  wrong: string;
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
  const noFaultfs = whyNoFaultfs();
  const faultfs = noFaultfs === undefined ? buildFaultfs(workshop.root) : '';
  const noMount = whyNoMount(workshop.directory());
  let soakReport = '';

  const plans: Plan[] = [
    {
      harness: 'random kill',
      wrong: 'commits every eighth write',
      run: () =>
        beside(
          [
            randomKill(workshop, {
              kills: 200,
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
      wrong: 'commits a batch in parts',
      run: () => {
        const fresh = { writes: 26, sessions: 2, smallPages: false };
        const checkpoints = { writes: 300, sessions: 1, smallPages: true };
        return beside(
          [
            placedKill(workshop, faultfs, { subject: DURABLE, ...fresh, stride: 1 }),
            placedKill(workshop, faultfs, { subject: RELAXED, ...checkpoints, stride: 79 }),
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
        wrong: 'synchronous=OFF',
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
      wrong: 'takes it for a success',
      run: () =>
        beside(
          [failedSync(workshop, faultfs, { subject: DURABLE, writes: 30, sessions: 2, stride: 1 })],
          failedSync(workshop, faultfs, { subject: flawed('deaf'), writes: 30, sessions: 1, stride: 5 }),
        ),
    },
    {
      harness: 'I/O error',
      preloads: true,
      wrong: 'takes a failed commit for undone',
      run: () => {
        const size = { writes: 16, sessions: 2 };
        const failing = FAILING.filter(({ action, calls }) => action === 'fail-on' && calls.includes('sync'));
        return beside(
          [ioError(workshop, faultfs, { subject: DURABLE, ...size, failing: FAILING, stride: 1 })],
          ioError(workshop, faultfs, { subject: flawed(), ...size, failing, stride: 3 }),
        );
      },
    },
    {
      harness: 'disk full',
      wrong: 'goes on after an error',
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
      wrong: 'goes on after an error',
      run: () =>
        beside(
          [outOfMemory(workshop, { subject: DURABLE, from: 60, to: 1200, step: 10 })],
          outOfMemory(workshop, { subject: flawed('undeterred'), from: 60, to: 200, step: 10 }),
        ),
    },
    {
      harness: 'damaged file',
      wrong: 'takes no rejection',
      run: () =>
        beside(
          [damage(workshop, { points: 120, seed, trusting: false })],
          damage(workshop, { points: 10, seed, trusting: true }),
        ),
    },
    {
      harness: 'backup',
      preloads: true,
      wrong: 'copies the file alone',
      run: () => beside([backups(workshop, faultfs, { actions: BACKUP_ACTIONS, stride: 1 })], carelessBackup(workshop)),
    },
    {
      harness: 'held lock',
      wrong: 'keeps a statement unreset',
      run: () =>
        beside(
          [heldLocks(workshop, DURABLE, [1, 2, 3, 7, 8, 16, 64, 304])],
          heldLocks(workshop, flawed('unreset'), [2, 3]),
        ),
    },
    {
      harness: 'two processes',
      wrong: 'BEGIN DEFERRED',
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
      wrong: 'BEGIN DEFERRED',
      run: () =>
        beside(
          [births(workshop, { subject: DURABLE, stores: 40, processes: 4 })],
          births(workshop, { subject: flawed('deferred'), stores: 5, processes: 4 }),
        ),
    },
    {
      harness: 'forgotten stop',
      wrong: 'commits every eighth write',
      run: () => beside([forgottenStop(workshop, [DURABLE, RELAXED])], forgottenStop(workshop, [flawed('early')])),
    },
    {
      harness: 'open/stop storm',
      wrong: 'leaves a connection open',
      run: () => beside([storms(workshop, 400, false)], storms(workshop, 20, true)),
    },
    {
      harness: 'churn of 10,000 actors',
      wrong: 'forgets one write in a thousand',
      run: () => {
        const size = { actors: 10_000, operations: 60_000, seed };
        return beside([churns(workshop, { ...size, forgets: false })], churns(workshop, { ...size, forgets: true }));
      },
    },
    {
      harness: 'fuzz',
      wrong: 'converts its arguments',
      run: () =>
        beside(
          [fuzzes(workshop, { steps: 20_000, seed, coerces: false })],
          fuzzes(workshop, { steps: 500, seed, coerces: true }),
        ),
    },
    {
      harness: 'soak',
      wrong: 'keeps values and a read view',
      run: async () => {
        const { tally, samples } = await soaks(workshop, { seconds: soakSeconds, seed, leaks: false });
        soakReport = soakTable(samples);
        const { tally: control } = await soaks(workshop, { seconds: 15, seed, leaks: true });
        return { tally, control };
      },
    },
  ];

  const only = values.only?.split(',');
  const rows: Row[] = [];
  const started = performance.now();
  try {
    for (const { harness, preloads, wrong, run } of plans) {
      if (only !== undefined && !only.some((name) => harness.includes(name.trim()))) continue;
      if (preloads === true && noFaultfs !== undefined) {
        leftOut.push(`${harness}: ${noFaultfs}`);
        continue;
      }
      const begun = performance.now();
      const row = { harness, wrong, ...(await run()) };
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
  for (const { harness, tally } of rows) {
    for (const finding of tally.findings.slice(0, 20)) console.log(`${harness}: ${finding}`);
  }
  return rows.length > 0 && rows.every(({ tally, control }) => tally.clean && !control.clean) ? 0 : 1;
}

void main().then((code) => {
  process.exitCode = code;
});
