/** Calls with arguments that nobody should pass, and a map that says what each must come to and what the store must hold. */
import { join } from 'node:path';
import { isNativeError, isStringObject } from 'node:util/types';
import { SqliteManager, type IterationOptions, type SqliteCollection, type SqliteState } from '../../../lib/index';
import { digest, eventRow, snapshotRow, type Rows } from '../history';
import type { Random } from '../random';
import { aKey, anything, bytesIn, bytesOf, isText, revoked, throwing } from './hostile';

/** What a call must come to: a value, the error with this code, any error at all, or either of the last two's opposite. */
export type Verdict = { value: unknown } | { code: string } | 'rejection' | 'anything';

export interface Attempt {
  what: string;
  call: () => PromiseLike<unknown>;
  verdict: Verdict;
}

const INVALID: Verdict = { code: 'INVALID_ARGUMENT' };
const DONE: Verdict = { value: undefined };
export const ACTOR = 'fuzz';

export class Fuzzer {
  private readonly model = new Map<string, Buffer>();
  private snapshot: Buffer | undefined;
  private readonly tables = new Map<string, 'collection' | 'state'>();
  private turn = 0;
  private made = 0;

  constructor(
    private readonly random: Random,
    private readonly manager: SqliteManager,
    private readonly events: SqliteCollection,
    private readonly state: SqliteState,
    private readonly directory: string,
  ) {}

  /** What the store must hold now. */
  rows(): Rows {
    const rows: Rows = new Map([...this.model].map(([key, value]) => [eventRow(ACTOR, key), digest(value)]));
    if (this.snapshot !== undefined) rows.set(snapshotRow(ACTOR), digest(this.snapshot));
    return rows;
  }

  /** A write with right arguments, which must succeed whatever came before. */
  canary(): Attempt {
    const data = Buffer.from(`turn ${this.turn++}`);
    this.model.set('canary', data);
    return { what: 'canary', call: () => this.events.put('canary', data), verdict: DONE };
  }

  attempt(): Attempt {
    return this.random.pick([() => this.write(), () => this.read(), () => this.iteration(), () => this.onManager()])();
  }

  write(): Attempt {
    const { random, events, state, model } = this;
    const key = this.key();
    const kind = random.pick([
      'put',
      'put',
      'insert',
      'del',
      'delRange',
      'purge',
      'state.put',
      'state.del',
      'state.purge',
      'batch',
    ]);
    switch (kind) {
      case 'put':
      case 'insert': {
        const data = this.data();
        const bytes = bytesIn(data);
        const verdict = ((): Verdict => {
          if (!isText(key) || bytes === undefined) return INVALID;
          if (kind === 'insert' && model.has(key)) return { code: 'ENTRY_EXISTS' };
          model.set(key, bytes);
          return DONE;
        })();
        return {
          what: `${kind} ${describe(key)} ${describe(data)}`,
          verdict,
          call: () => {
            const promise = events[kind](key as string, data as Uint8Array);
            this.spoil(data);
            return promise;
          },
        };
      }
      case 'del': {
        const verdict = isText(key) ? (model.delete(key) ? DONE : { code: 'ENTRY_NOT_FOUND' }) : INVALID;
        return { what: `del ${describe(key)}`, call: () => events.del(key as string), verdict };
      }
      case 'delRange': {
        const end = this.bound();
        const start = random.below(2) === 0 ? key : this.bound();
        const verdict = isBound(start) && isBound(end) ? DONE : INVALID;
        if (verdict === DONE) for (const inside of this.between(start as string, end as string)) model.delete(inside);
        return {
          what: `delRange ${describe(start)} ${describe(end)}`,
          call: () => events.delRange(start as string, end as string),
          verdict,
        };
      }
      case 'purge':
        if (random.below(4) > 0) return this.write();
        model.clear();
        return { what: 'purge', call: () => this.events.purge(), verdict: DONE };
      case 'state.put': {
        const data = this.data();
        const bytes = bytesIn(data);
        this.snapshot = bytes ?? this.snapshot;
        return {
          what: `state.put ${describe(data)}`,
          call: () => {
            const promise = state.put(data as Uint8Array);
            this.spoil(data);
            return promise;
          },
          verdict: bytes === undefined ? INVALID : DONE,
        };
      }
      case 'state.del': {
        const verdict = this.snapshot === undefined ? { code: 'ENTRY_NOT_FOUND' } : DONE;
        this.snapshot = undefined;
        return { what: 'state.del', call: () => state.del(), verdict };
      }
      case 'state.purge':
        this.snapshot = undefined;
        return { what: 'state.purge', call: () => state.purge(), verdict: DONE };
      default:
        return this.batch();
    }
  }

  private batch(): Attempt {
    const { random, events, state, manager } = this;
    const call = (operations: unknown) => (): Promise<void> => manager.writeBatch(operations as []);
    if (random.below(3) === 0) {
      const operations = anything(random);
      const empty = isArray(operations) && operations.length === 0;
      return {
        what: `writeBatch ${describe(operations)}`,
        call: call(operations),
        verdict: empty ? DONE : harmless(operations),
      };
    }
    const data = random.below(4) === 0 ? anything(random) : bytesOf(random);
    const key = this.key();
    const put = { type: 'put', target: events, key, data };
    const snapshot = { type: 'put', target: state, data };
    const bytes = bytesIn(data);
    const strange = random.pick<() => unknown>([
      () => anything(random),
      () => ({ ...put, type: anything(random) }),
      () => ({ ...put, target: anything(random) }),
      () => ({ ...put, target: new Proxy(events, {}) }),
      () => ({ ...put, target: Object.create(events) as unknown }),
      () => ({ type: 'insert', target: state, data: Buffer.of(1) }),
      () => ({ type: 'delRange', target: state }),
      () => Object.defineProperty({ ...put }, 'data', { get: () => this.fail() }),
    ]);
    if (random.below(2) === 0) {
      return {
        what: 'writeBatch with a strange operation',
        call: call([put, strange(), snapshot]),
        verdict: 'rejection',
      };
    }
    if (random.below(4) === 0) {
      const fail = (): never => this.fail();
      function* operations(): Generator {
        yield put;
        fail();
      }
      return { what: 'writeBatch of an iterable that throws', call: call(operations()), verdict: 'rejection' };
    }
    const verdict = isText(key) && bytes !== undefined ? DONE : INVALID;
    if (isText(key) && bytes !== undefined) {
      this.model.set(key, bytes);
      this.snapshot = bytes;
    }
    return {
      what: `writeBatch of put ${describe(key)} ${describe(data)}`,
      call: () => {
        const promise = call([put, snapshot])();
        this.spoil(data);
        return promise;
      },
      verdict,
    };
  }

  private read(): Attempt {
    const { random, events, model } = this;
    const key = this.key();
    const value = isText(key) ? model.get(key) : undefined;
    const missing = { code: 'ENTRY_NOT_FOUND' };
    return random.pick<() => Attempt>([
      () => ({
        what: `get ${describe(key)}`,
        call: () => events.get(key as string),
        verdict: isText(key) ? (value === undefined ? missing : { value }) : INVALID,
      }),
      () => ({
        what: `find ${describe(key)}`,
        call: () => events.find(key as string),
        verdict: isText(key) ? { value } : INVALID,
      }),
      () => {
        const keys = random.below(3) === 0 ? anything(random) : [this.key(), key, key];
        const right = isArray(keys) && keys.every(isText);
        const values = right ? { value: keys.map((each) => model.get(each)) } : undefined;
        const what = `getMany ${describe(keys)}`;
        return { what, call: () => events.getMany(keys as string[]), verdict: values ?? harmless(keys) };
      },
      () => {
        const from = (random.below(2) === 0 ? undefined : key) as string | undefined;
        const quantity = random.pick([anything(random), 0, 3, -3, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
        const right = (from === undefined || isText(from)) && Number.isSafeInteger(quantity);
        const there = from === undefined || model.has(from);
        const verdict = right ? (there ? { value: this.values(from, quantity as number) } : missing) : INVALID;
        const what = `getByRange ${describe(from)} ${describe(quantity)}`;
        return { what, call: () => events.getByRange(from, quantity as number), verdict };
      },
      () => {
        const last = this.sorted().at(-1);
        return { what: 'last', call: () => events.last(), verdict: { value: last && [last, model.get(last)] } };
      },
      () => ({ what: 'state.find', call: () => this.state.find(), verdict: { value: this.snapshot } }),
      () => ({
        what: 'state.get',
        call: () => this.state.get(),
        verdict: this.snapshot === undefined ? missing : { value: this.snapshot },
      }),
    ])();
  }

  private iteration(): Attempt {
    const { random, events, model } = this;
    const [start, end] = [this.bound(), this.bound()];
    const strange = anything(random);
    const isFlag = strange === undefined || typeof strange === 'boolean';
    const signal = { aborted: false, throwIfAborted: () => undefined };
    // What is no signal is recognised by its properties, and reading those may throw.
    const [options, right, wrong = INVALID] = random.pick<() => [options: unknown, right: boolean, wrong?: Verdict]>([
      () => [undefined, true],
      () => [{ limit: 1e9, consistent: true }, true],
      () => [{ signal }, true],
      () => [{ limit: strange }, strange === undefined || strange === Infinity || isCount(strange)],
      () => [{ consistent: strange }, isFlag],
      () => [{ reverse: strange }, isFlag],
      () => [{ signal: strange }, strange === undefined, 'rejection'],
      () => [random.pick([throwing, revoked])(), false, 'rejection'],
      () => [random.pick(['reverse', 5, null, Symbol('options'), () => true]), false],
    ])();
    const wholly = random.below(4) === 0;
    const valid = right && (wholly || (isBound(start) && isBound(end)));
    const { limit = Infinity, reverse = false } = (valid ? (options ?? {}) : {}) as IterationOptions;
    const range = valid ? (wholly ? this.sorted() : this.between(start as string, end as string)) : [];
    const keys = (reverse ? range.reverse() : range).slice(0, limit);
    const from = wholly ? 'iter' : `iterRange ${describe(start)} ${describe(end)}`;
    return {
      what: `${from} ${describe(options)} ${describe(strange)}`,
      call: async () => {
        const iterator = await (wholly
          ? events.iter(options as object)
          : events.iterRange(start as string, end as string, options as object));
        const entries: unknown[] = [];
        for await (const entry of iterator) entries.push(entry);
        return entries;
      },
      verdict: valid ? { value: keys.map((key) => [key, model.get(key)]) } : wrong,
    };
  }

  private onManager(): Attempt {
    const { random, manager } = this;
    const strange = anything(random);
    const text = isText(strange) ? strange : undefined;
    return random.pick<() => Attempt>([
      () => ({
        what: `createCollection ${describe(strange)}`,
        call: () => manager.createCollection(strange as string, 'x').then(() => undefined),
        verdict: this.tableNamed(strange, 'collection'),
      }),
      () => ({
        what: `createState ${describe(strange)}`,
        call: () => manager.createState(strange as string, 'x').then(() => undefined),
        verdict: this.tableNamed(strange, 'state'),
      }),
      () => ({
        what: `createCollection for ${describe(strange)}`,
        call: () => manager.createCollection('strange_events', strange as string).then(() => undefined),
        verdict: text === undefined ? INVALID : DONE,
      }),
      () => ({
        what: `createState for ${describe(strange)}`,
        call: () => manager.createState('strange_state', strange as string).then(() => undefined),
        verdict: text === undefined ? INVALID : DONE,
      }),
      () => ({
        what: `prefixes ${describe(strange)}`,
        call: async () => {
          for await (const name of manager.prefixes(strange as string)) describe(name);
        },
        verdict: isName(strange) ? DONE : 'rejection',
      }),
      () => ({
        what: `backup ${describe(strange)}`,
        call: () => manager.backup(text === undefined ? (strange as string) : this.fresh(text)),
        verdict: pathVerdict(text, INVALID, 'STORE'),
      }),
      () => ({
        what: `open ${describe(strange)}`,
        call: () => this.openAndStop(text === undefined ? (strange as string) : this.fresh(text)),
        verdict: pathVerdict(text, { code: 'INVALID_CONFIGURATION' }, 'CREATE_STORE'),
      }),
      () => {
        const option = random.pick(['durability', 'spec', 'readers', 'maxQueuedBytes', 'logger']);
        const right =
          strange === undefined ||
          (option === 'durability' && typeof strange === 'boolean') ||
          ((option === 'readers' || option === 'maxQueuedBytes') && isCount(strange) && strange !== 0);
        const wrong = option === 'spec' || option === 'logger' ? 'rejection' : { code: 'INVALID_CONFIGURATION' };
        return {
          what: `open with ${option} ${describe(strange)}`,
          call: () => this.openAndStop(this.fresh('store'), { [option]: strange }),
          verdict: right ? DONE : wrong,
        };
      },
    ])();
  }

  private async openAndStop(directory: string, options: object = {}): Promise<void> {
    await (await SqliteManager.open(directory, options)).stop();
  }

  /** A path that nothing has been made at. */
  private fresh(name: string): string {
    return join(this.directory, `fresh ${this.made++} ${name}`);
  }

  /** Who asks first decides what a table is. */
  private tableNamed(name: unknown, kind: 'collection' | 'state'): Verdict {
    if (!isName(name)) return 'rejection';
    const table = name.toLowerCase();
    const shape = this.tables.get(table) ?? kind;
    this.tables.set(table, shape);
    return shape === kind ? DONE : { code: 'CREATE_STORE' };
  }

  private key(): unknown {
    return this.random.below(3) === 0 ? anything(this.random) : aKey(this.random);
  }

  private bound(): unknown {
    return this.random.below(3) === 0 ? undefined : this.key();
  }

  private data(): unknown {
    return this.random.below(3) === 0 ? anything(this.random) : bytesOf(this.random);
  }

  /** What a caller may do with its array as soon as the call has returned. */
  private spoil(data: unknown): void {
    if (bytesIn(data) === undefined) return;
    const { buffer } = data as Uint8Array;
    if (buffer instanceof ArrayBuffer && this.random.below(2) === 0) structuredClone(buffer, { transfer: [buffer] });
    else new Uint8Array(buffer).fill(0xee);
  }

  private fail(): never {
    throw new Error('something of the caller that throws');
  }

  private sorted(): string[] {
    return [...this.model.keys()].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }

  private between(start: string | undefined, end: string | undefined): string[] {
    const isFrom = (key: string, bound: string): boolean => Buffer.compare(Buffer.from(key), Buffer.from(bound)) >= 0;
    return this.sorted().filter(
      (key) => (start === undefined || isFrom(key, start)) && (end === undefined || isFrom(end, key)),
    );
  }

  private values(from: string | undefined, quantity: number): (Buffer | undefined)[] {
    const keys = quantity < 0 ? this.sorted().reverse() : this.sorted();
    const first = from === undefined ? 0 : keys.indexOf(from) + 1;
    return keys.slice(first, first + Math.abs(quantity)).map((key) => this.model.get(key));
  }
}

/** An iterable of nothing asks for nothing, a String is an iterable of texts; anything else is wrong, and any error will do. */
function harmless(value: unknown): Verdict {
  return value === '' || isStringObject(value) || bytesIn(value)?.length === 0 ? 'anything' : 'rejection';
}

/** `Array.isArray` throws at a revoked proxy. */
function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function isName(value: unknown): value is string {
  return isText(value) && /^[a-z_]\w*$/i.test(value);
}

/** What comes of a path whose last part is a text; undefined is no path at all. */
function pathVerdict(text: string | undefined, wrong: Verdict, failed: string): Verdict {
  if (text === undefined) return 'rejection';
  if (text.includes('\0')) return wrong;
  const longest = 200;
  return text.length > longest ? { code: failed } : DONE;
}

function isBound(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A short name of anything, without touching it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (isNativeError(value)) return `${value.name} ${String((value as { code?: unknown }).code)} ${value.message}`;
  try {
    return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
  } catch {
    return 'something that throws';
  }
}
