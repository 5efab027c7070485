/** Random programs, and how one runs on SQLite and on the memory backend side by side. */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import type { DbManager, Entry, EntryIterator } from '../../lib/index';
import { MemoryManager } from '../../lib/memory/index';
import { openManager } from '../../lib/sqlite/manager';
import { burst, isRead, perform, read, withHandles, type Backend, type Call, type Read } from './calls';
import { FailingCommits, InjectedError, type Ending } from './failing-commits';
import { outcomeOf, same, textOf, type Outcome } from './outcome';

export type Step =
  | { readonly step: 'burst'; readonly calls: readonly Call[]; readonly endings: readonly Ending[] }
  /** Calls, stop right behind them, and open again. */
  | { readonly step: 'reopen'; readonly calls: readonly Call[] }
  | { readonly step: 'read'; readonly reads: readonly Read[] }
  /** Opens a consistent iteration, or pulls from the one that is open. */
  | { readonly step: 'view'; readonly on: number; readonly reverse: boolean; readonly pulls: number };

const endings = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Ending[]>([]) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom<Ending[]>('ok', 'ok', 'busy', 'full', 'lost', 'kept'), { maxLength: 4 }),
  },
);

export const program: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ step: fc.constant('burst' as const), calls: burst, endings }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('reopen' as const), calls: burst }) },
    {
      weight: 3,
      arbitrary: fc.record({ step: fc.constant('read' as const), reads: fc.array(read, { maxLength: 20 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant('view' as const),
        on: fc.nat(6),
        reverse: fc.boolean(),
        pulls: fc.nat(20),
      }),
    },
  ),
  { minLength: 1, maxLength: 14, size: 'max' },
);

interface View {
  readonly sqlite: EntryIterator<Entry>;
  readonly memory: EntryIterator<Entry>;
}

/** Changes what is run on SQLite's side, to show that a difference is noticed. */
export type Sabotage = (good: DbManager) => DbManager;

/** SQLite in a directory, and a model that is told exactly what SQLite acknowledged. */
export class SideBySide {
  readonly #directory: string;
  readonly #sabotage: Sabotage;
  readonly #commits = new FailingCommits();
  #sqlite!: Backend;
  #memory!: Backend;
  #view: View | undefined;
  /** How many outcomes were compared. */
  compared = 0;

  constructor(directory: string, sabotage: Sabotage = (good) => good) {
    this.#directory = directory;
    this.#sabotage = sabotage;
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#open();
    this.#memory = await withHandles(await MemoryManager.open());
    try {
      for (const step of steps) {
        await this.#take(step);
        await this.#compareAtRest();
      }
    } finally {
      await this.#sqlite.manager.stop();
      await this.#memory.manager.stop();
    }
    assert.equal(readdirSync(this.#directory).join(), 'database.db');
  }

  async #open(): Promise<void> {
    const options = { durability: false };
    const manager = await openManager(this.#directory, options, { commitStep: this.#commits.step });
    this.#sqlite = await withHandles(this.#sabotage(manager));
  }

  async #take(step: Step): Promise<void> {
    switch (step.step) {
      case 'burst':
        this.#commits.plan(step.endings);
        await this.#burst(step.calls);
        this.#commits.plan([]);
        return;
      case 'reopen': {
        await this.#burst(step.calls, () => this.#sqlite.manager.stop());
        await this.#endView();
        await this.#open();
        return;
      }
      case 'read':
        await Promise.all(step.reads.filter((one) => !isConsistent(one)).map((one) => this.#compare(one)));
        for (const one of step.reads.filter(isConsistent)) await this.#compare(one);
        return;
      case 'view':
        return this.#pullView(step);
    }
  }

  /** Issues the calls on SQLite, none awaited. Then the model takes them in the same order, and every outcome must be explained. */
  async #burst(calls: readonly Call[], behind?: () => Promise<void>): Promise<void> {
    const issued = calls.map((call) => outcomeOf(perform(this.#sqlite, call)));
    const [outcomes] = await Promise.all([Promise.all(issued), behind?.()]);
    // What each read may have found: what it would find in one of the moments of this burst.
    const reads = calls.flatMap((call, index) =>
      isRead(call) ? [{ call, index, moments: new Set<string>(), inParts: false }] : [],
    );
    const seen = new Set<string>();
    const takeMoment = async (): Promise<void> => {
      for (const one of reads) {
        one.moments.add(textOf(await outcomeOf(perform(this.#memory, one.call))));
        const share = shareOf(one.call);
        if (share === Infinity) continue;
        for (const item of itemsOf(await outcomeOf(perform(this.#memory, unlimited(one.call))))) {
          seen.add(item);
          one.inParts ||= bytesOf(item) > share;
        }
      }
    };
    await takeMoment();
    for (const [index, call] of calls.entries()) {
      if (isRead(call)) continue;
      await this.#explainWrite(call, outcomes[index]!);
      if (reads.length > 0) await takeMoment();
    }
    for (const { call, index, moments, inParts } of reads) {
      this.compared++;
      if (behind !== undefined && isCutShort(call, outcomes[index]!)) continue;
      assertExplained(call, outcomes[index]!, moments, inParts ? seen : new Set());
    }
  }

  async #explainWrite(call: Call, outcome: Outcome): Promise<void> {
    this.compared++;
    const injected = 'error' in outcome ? injectedCauseOf(outcome.thrown) : undefined;
    if (injected !== undefined) {
      // The one case in which a write that rejected is there: the commit was made, and then said to have failed.
      if (injected.applied) await outcomeOf(perform(this.#memory, call));
      return;
    }
    const expected = await outcomeOf(perform(this.#memory, call));
    assert.ok(same(outcome, expected), `${show(call)}\n  SQLite: ${textOf(outcome)}\n  memory: ${textOf(expected)}`);
  }

  async #compare(call: Read): Promise<void> {
    this.compared++;
    const [sqlite, memory] = await Promise.all(
      [this.#sqlite, this.#memory].map((one) => outcomeOf(perform(one, call))),
    );
    assert.ok(same(sqlite!, memory!), `${show(call)}\n  SQLite: ${textOf(sqlite!)}\n  memory: ${textOf(memory!)}`);
  }

  /** Everything that can be seen when nothing is under way. */
  async #compareAtRest(): Promise<void> {
    const whole = { call: 'scan' as const, start: undefined, end: undefined, limit: Infinity, consistent: false };
    const reads: Read[] = ['events', 'others', 'snapshots', 'more'].map((table) => ({ call: 'prefixes', table }));
    for (const on of this.#sqlite.collections.keys()) reads.push({ ...whole, on, reverse: on % 2 === 0 });
    for (const on of this.#sqlite.states.keys()) reads.push({ call: 'stateFind', on });
    await Promise.all(reads.map((one) => this.#compare(one)));
  }

  async #pullView({ on, reverse, pulls }: Extract<Step, { step: 'view' }>): Promise<void> {
    const options = { consistent: true, reverse };
    this.#view ??= {
      sqlite: await this.#sqlite.collections[on]!.iter(options),
      memory: await this.#memory.collections[on]!.iter(options),
    };
    const { sqlite, memory } = this.#view;
    for (let pull = 0; pull < pulls; pull++) {
      const [a, b] = await Promise.all([sqlite, memory].map((iterator) => outcomeOf(entryOf(iterator))));
      this.compared++;
      assert.ok(same(a!, b!), `a consistent iteration\n  SQLite: ${textOf(a!)}\n  memory: ${textOf(b!)}`);
      if ('ok' in a! && a.ok === 'done') this.#view = undefined;
    }
  }

  async #endView(): Promise<void> {
    if (this.#view === undefined) return;
    const pulled = await outcomeOf(entryOf(this.#view.sqlite));
    assert.ok('error' in pulled && pulled.error['operation'] === 'stopped', `after stop: ${textOf(pulled)}`);
    await this.#view.memory.return();
    this.#view = undefined;
  }
}

async function entryOf(iterator: EntryIterator<Entry>): Promise<unknown> {
  const result = await iterator.next();
  return result.done === true ? 'done' : result.value;
}

function isConsistent(call: Read): boolean {
  return call.call === 'scan' && call.consistent;
}

/** An iteration that the stop behind it ended: its first pull was honoured, a later one was refused. */
function isCutShort(call: Read, outcome: Outcome): boolean {
  const isIteration = call.call === 'scan' || call.call === 'prefixes';
  return isIteration && 'error' in outcome && outcome.error['operation'] === 'stopped';
}

/** How many bytes each of its values may have, lest a read comes in parts, which may be from different moments. */
function shareOf(call: Read): number {
  if (call.call === 'getMany') return (4 * 2 ** 20) / call.keys.length;
  if (call.call === 'getByRange') return (4 * 2 ** 20) / (Math.abs(call.quantity) + 1);
  return call.call === 'scan' && !call.consistent ? -1 : Infinity;
}

/** Of a value as an outcome shows it. */
function bytesOf(item: string): number {
  return Number(/\b(\d+) bytes /.exec(item)?.[1] ?? 0);
}

/** A part may begin where another ended at another moment: behind all that a limit would let through now. */
function unlimited(call: Read): Read {
  if (call.call === 'scan') return { ...call, limit: Infinity };
  if (call.call === 'getByRange') return { ...call, quantity: Math.sign(call.quantity) * Number.MAX_SAFE_INTEGER };
  return call;
}

/** Whether a write failed because a commit was made to fail, and whether it is in the file all the same. */
function injectedCauseOf(thrown: unknown): { applied: boolean } | undefined {
  const { code, cause, outcomeUnknown } = thrown as { code?: unknown; cause?: unknown; outcomeUnknown?: unknown };
  if (cause instanceof InjectedError) {
    const isUnknown = cause.ending === 'lost' || cause.ending === 'kept';
    assert.deepEqual({ code, outcomeUnknown }, { code: 'STORE', outcomeUnknown: isUnknown });
    return { applied: cause.ending === 'kept' };
  }
  // The manager takes no more writes, since the step that was to clear up failed as well.
  const isBroken = cause instanceof Error && cause.cause instanceof InjectedError;
  return isBroken ? { applied: false } : undefined;
}

function assertExplained(call: Read, outcome: Outcome, moments: ReadonlySet<string>, seen: ReadonlySet<string>): void {
  const about = `${show(call)}\n  SQLite: ${textOf(outcome)}`;
  if (moments.has(textOf(outcome))) return;
  if (isConsistent(call) && 'error' in outcome) {
    // More consistent iterations at once than are allowed.
    assert.equal(outcome.error['operation'], 'read_view_limit', about);
  } else if (seen.size > 0 && 'ok' in outcome) {
    for (const item of itemsOf(outcome)) assert.ok(seen.has(item), `${about}\n  never was there: ${item}`);
  } else {
    assert.fail(`${about}\n  memory, at one moment or another: ${[...moments].join(' or ')}`);
  }
}

/** What a read found, item by item: each is from some moment, together they need not be. */
function itemsOf(outcome: Outcome): string[] {
  // Of a key to start from that is not there now.
  if ('error' in outcome) return [];
  assert.ok(Array.isArray(outcome.ok), textOf(outcome));
  return outcome.ok.map((item: unknown) => JSON.stringify(item));
}

function show(call: Call): string {
  return JSON.stringify(call, (_, value: unknown) => (value === undefined ? 'undefined' : value));
}
