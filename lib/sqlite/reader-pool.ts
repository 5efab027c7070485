/** Leases readers, one call at a time on each. Knows neither SQL nor what a reader is. */

interface Waiting<Reader> {
  start(reader: Reader): void;
}

export class ReaderPool<Reader> {
  readonly #readers: readonly Reader[];
  readonly #idle: Reader[];
  #waiting: Waiting<Reader>[] = [];
  #onIdle: (() => void)[] = [];

  constructor(readers: readonly Reader[]) {
    this.#readers = readers;
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

  /** Resolves when no read is running or waiting. */
  drain(): Promise<void> {
    if (this.#idle.length === this.#readers.length) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
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
    if (this.#idle.length < this.#readers.length) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
