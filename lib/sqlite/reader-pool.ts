/** Leases readers, one call at a time on each. Knows neither SQL nor what a reader is. */

interface Waiting<Reader> {
  start(reader: Reader): void;
}

export class ReaderPool<Reader> {
  readonly #readers: readonly Reader[];
  readonly #idle: Reader[];
  readonly #refusal: () => Error;
  #waiting: Waiting<Reader>[] = [];
  /** Set by `end`; called when the last read has settled. */
  #onEnd: (() => void) | undefined;
  #ended = false;

  /** `refusal` makes the error of a lease that comes too late. */
  constructor(readers: readonly Reader[], refusal: () => Error) {
    this.#readers = readers;
    this.#refusal = refusal;
    this.#idle = [...readers];
  }

  /** Whether a read would start at once. */
  get hasIdle(): boolean {
    return this.#idle.length > 0;
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
      this.#waiting.push({
        start: (free) => {
          this.#run(free, read).then(resolve, reject);
        },
      });
    });
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
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.start(reader);
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
