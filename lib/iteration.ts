/** The iterator protocol over pages, the same for every backend. */
import type { EntryIterator, Iteration } from './contracts';

/** Entries in order; an array is one. */
export interface Page<T> {
  readonly length: number;
  /** The entry at an index of 0 to `length` - 1. */
  at(index: number): T | undefined;
}

/** Where an iteration gets its entries. Making one does no I/O. */
export interface PageSource<T> {
  /** The next entries in order, at least one, or `undefined` at the end. Never called twice at once, nor after `close`. */
  fetch(): Promise<Page<T> | undefined>;
  /** Gives back whatever the source holds. Called once, when no page is in flight. */
  close(): Promise<void>;
}

/** What an iteration runs on. */
export interface IterationParts<T> {
  source: PageSource<T>;
  signal?: AbortSignal | undefined;
}

/**
 * An iteration over the pages of a source. `prepare` runs now, so that later changes to the caller's arguments have no effect; what
 * it throws rejects the first pull. `assertOpen` runs at every pull and throws when the store has been stopped.
 */
export function iterate<T>(prepare: () => IterationParts<T>, assertOpen: () => void): Iteration<T> {
  let parts: IterationParts<T>;
  try {
    parts = prepare();
  } catch (error) {
    parts = { source: failedSource(error) };
  }
  const iterator = new PagedIterator(parts, assertOpen);
  return Object.assign(Promise.resolve(iterator), { [Symbol.asyncIterator]: () => iterator });
}

/**
 * Hands out entries one by one and keeps at most one page beyond the one being consumed. The next page is asked for as soon as a page
 * arrives, before its first entry is handed out: a loop over resolved promises leaves the event loop no turn to start it later.
 */
class PagedIterator<T> implements EntryIterator<T> {
  readonly #source: PageSource<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #assertOpen: () => void;
  #page: Page<T> = [];
  #position = 0;
  #ahead: Promise<Page<T> | undefined> | undefined;
  /** The last call in line; undefined when none is waiting. */
  #last: Promise<unknown> | undefined;
  #unanswered = 0;
  #done = false;

  constructor({ source, signal }: IterationParts<T>, assertOpen: () => void) {
    this.#source = source;
    this.#signal = signal;
    this.#assertOpen = assertOpen;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#last === undefined && this.#position < this.#page.length) {
      try {
        this.#assertMayGoOn();
        return Promise.resolve({ done: false, value: this.#page.at(this.#position++) as T });
      } catch {
        // The pull below meets the same failure, and ends the iteration with it.
      }
    }
    return this.#inLine(() => this.#pull());
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#inLine(async () => {
      await this.#end();
      return { done: true, value: undefined };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Runs `call` when the calls before it have been answered. */
  #inLine<R>(call: () => Promise<R>): Promise<R> {
    const turn = this.#after(this.#last, call);
    this.#last = turn;
    return turn;
  }

  async #after<R>(before: Promise<unknown> | undefined, call: () => Promise<R>): Promise<R> {
    this.#unanswered++;
    try {
      // Not awaited when there is none: a pull starts its read now, before a stop that comes next.
      if (before !== undefined) await before.catch(() => undefined);
      return await call();
    } finally {
      // In here, not in a reaction of its own: an error's stack names the caller only when nobody else waits for the promise.
      if (--this.#unanswered === 0) this.#last = undefined;
    }
  }

  async #pull(): Promise<IteratorResult<T, undefined>> {
    if (this.#done) return { done: true, value: undefined };
    try {
      this.#assertMayGoOn();
      if (this.#position === this.#page.length) {
        const page = await (this.#ahead ?? this.#source.fetch());
        this.#signal?.throwIfAborted();
        if (page === undefined) {
          await this.#end();
          return { done: true, value: undefined };
        }
        this.#page = page;
        this.#position = 0;
        this.#ahead = this.#source.fetch();
        // Without a handler, a page that fails before anybody pulls it would end the process.
        this.#ahead.catch(() => undefined);
      }
      return { done: false, value: this.#page.at(this.#position++) as T };
    } catch (error) {
      await this.#end().catch(() => undefined);
      throw error;
    }
  }

  #assertMayGoOn(): void {
    this.#assertOpen();
    this.#signal?.throwIfAborted();
  }

  async #end(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#page = [];
    this.#position = 0;
    await this.#ahead?.catch(() => undefined);
    this.#ahead = undefined;
    await this.#source.close();
  }
}

function failedSource(error: unknown): PageSource<never> {
  return {
    // The caller's own error, whatever they threw.
    fetch: () => Promise.reject(error),
    close: () => Promise.resolve(),
  };
}
