/** Leases readers, one call at a time on each. Knows neither SQL nor what a reader is. */

/** A lease in line. Linked: taking the first of many out of an array would move all the others. */
interface Waiting<Reader> {
  readonly start: (reader: Reader) => void;
  next: Waiting<Reader> | undefined;
}

export class ReaderPool<Reader> {
  readonly #readers: readonly Reader[];
  readonly #idle: Reader[];
  readonly #refusal: () => Error;
  #first: Waiting<Reader> | undefined;
  #last: Waiting<Reader> | undefined;
  /** Set by `end`; called when the last read has settled. */
  #onEnd: (() => void) | undefined;
  #ended = false;

  /** `refusal` makes the error of a lease that comes too late. */
  constructor(readers: readonly Reader[], refusal: () => Error) {
    this.#readers = readers;
    this.#refusal = refusal;
    this.#idle = [...readers];
  }

  /** How many reads would start at once. */
  get idle(): number {
    return this.#idle.length;
  }

  /**
   * Runs `read` with a reader of its own as soon as one is free: at once, before this returns, when one is. First come, first served.
   * Settles as `read` does; the reader is free again by then.
   */
  lease<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(this.#refusal());
    const reader = this.#idle.pop();
    if (reader !== undefined) return this.#run(reader, read);
    return new Promise((resolve, reject) => {
      const waiting: Waiting<Reader> = {
        start: (free) => {
          this.#run(free, read).then(resolve, reject);
        },
        next: undefined,
      };
      if (this.#last === undefined) this.#first = waiting;
      else this.#last.next = waiting;
      this.#last = waiting;
    });
  }

  /**
   * Runs `step` again and again until it resolves to false, on a lease of its own each time, so that others get their turn in between. `end`
   * waits for the last.
   */
  async leaseEach(step: (reader: Reader) => Promise<boolean>): Promise<void> {
    const leases: Promise<void>[] = [];
    const next = (): void => {
      leases.push(
        this.lease(async (reader) => {
          // The next lease is asked for before this one is given back: the pool is not idle in between, and does not end.
          if (await step(reader)) next();
        }),
      );
    };
    next();
    for (const lease of leases) await lease;
  }

  /** Resolves when no read is running or waiting; from that moment on leases are refused. To be called once. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      this.#endIfIdle();
    });
  }

  async #run<T>(reader: Reader, read: (reader: Reader) => Promise<T>): Promise<T> {
    try {
      return await read(reader);
    } finally {
      this.#release(reader);
    }
  }

  #release(reader: Reader): void {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = first.next;
      if (first.next === undefined) this.#last = undefined;
      first.start(reader);
      return;
    }
    this.#idle.push(reader);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#onEnd === undefined || this.#idle.length < this.#readers.length) return;
    // Now, not when somebody who waits for it comes to run: a read that follows another might slip in.
    this.#ended = true;
    this.#onEnd();
  }
}
