import { iterate, type PageSource } from '../../lib/iteration';
import { collect, deferred, rejection, turn, type Deferred } from '../support/gates';

/** A source whose pages come when the spec says so. It fails the spec when it is used against its contract. */
class GatedSource implements PageSource<string> {
  readonly pending: Deferred<string[] | undefined>[] = [];
  fetched = 0;
  closed = 0;
  #inFlight = false;

  async fetch(): Promise<string[] | undefined> {
    if (this.#inFlight) throw new Error('a page was asked for while one was in flight');
    if (this.closed > 0) throw new Error('a page was asked for after close');
    this.#inFlight = true;
    this.fetched += 1;
    const page = deferred<string[] | undefined>();
    this.pending.push(page);
    try {
      return await page.promise;
    } finally {
      this.#inFlight = false;
    }
  }

  close(): Promise<void> {
    if (this.#inFlight) throw new Error('closed while a page was in flight');
    this.closed += 1;
    return Promise.resolve();
  }

  /** Answers the page in flight. */
  async answer(page: string[] | undefined): Promise<void> {
    await turn();
    this.pending.shift()!.resolve(page);
  }

  async fail(error: Error): Promise<void> {
    await turn();
    this.pending.shift()!.reject(error);
  }
}

/** A source whose pages are there at once. */
function sourceOf(...pages: string[][]): PageSource<string> & { closed: number } {
  return {
    closed: 0,
    fetch: () => Promise.resolve(pages.shift()),
    close() {
      this.closed += 1;
      return Promise.resolve();
    },
  };
}

const open = (): void => undefined;
const done = { done: true, value: undefined };
const entry = (value: string): IteratorResult<string, undefined> => ({ done: false, value });

describe('an iteration', () => {
  it('gives every entry of every page in order and then closes its source once', async () => {
    const source = sourceOf(['a', 'b'], ['c'], ['d', 'e', 'f']);
    expect(await collect(iterate(() => ({ source }), open))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(source.closed).toBe(1);
  });

  it('is a promise of the iterator that it gives as an async iterable', async () => {
    const iteration = iterate(() => ({ source: sourceOf(['a', 'b', 'c']) }), open);
    const iterator = await iteration;
    expect(iteration[Symbol.asyncIterator]()).toBe(iterator);
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
    expect(await iterator.next()).toEqual(entry('a'));
    expect(await collect(iteration)).toEqual(['b', 'c']);
    expect(await collect(iteration)).toEqual([]);
  });

  it('asks for no page before the first pull', async () => {
    const source = new GatedSource();
    await iterate(() => ({ source }), open);
    await turn();
    expect(source.fetched).toBe(0);
  });

  it('asks for a page as soon as it is pulled', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    expect(source.fetched).toBe(1);
    await source.answer(['a']);
    await first;
  });

  it('reads what it is made of at the call, not at the first pull', async () => {
    let keys = ['a', 'b'];
    const iteration = iterate(() => ({ source: sourceOf(keys) }), open);
    keys = ['z'];
    expect(await collect(iteration)).toEqual(['a', 'b']);
  });

  it('asks for the next page when one arrives and for no further one until that is consumed', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    await source.answer(['a', 'b']);
    expect(await first).toEqual(entry('a'));
    expect(source.fetched).toBe(2);
    await source.answer(['c']);
    await turn();
    expect(await iterator.next()).toEqual(entry('b'));
    expect(source.fetched).toBe(2);
    expect(await iterator.next()).toEqual(entry('c'));
    expect(source.fetched).toBe(3);
    const last = iterator.next();
    await source.answer(undefined);
    expect(await last).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('answers overlapping pulls in the order of the calls', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const order: number[] = [];
    const pulls = [0, 1, 2, 3, 4].map(async (index) => {
      const result = await iterator.next();
      order.push(index);
      return result;
    });
    await source.answer(['a', 'b']);
    await turn();
    await source.answer(['c']);
    await turn();
    await source.answer(undefined);
    expect(await Promise.all(pulls)).toEqual([entry('a'), entry('b'), entry('c'), done, done]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('stays done once it is done', async () => {
    const iterator = await iterate(() => ({ source: sourceOf(['a']) }), open);
    expect(await iterator.next()).toEqual(entry('a'));
    expect(await iterator.next()).toEqual(done);
    expect(await iterator.next()).toEqual(done);
    expect(await iterator.return()).toEqual(done);
  });
});

describe('an iteration that fails', () => {
  it('rejects the first pull with what was wrong with its arguments, once', async () => {
    const wrong = new TypeError('wrong');
    const iterator = await iterate<string>(() => {
      throw wrong;
    }, open);
    expect(await rejection(iterator.next())).toBe(wrong);
    expect(await iterator.next()).toEqual(done);
  });

  it('rejects one pull when a page cannot be read, closes its source and is done', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = rejection(iterator.next());
    const failure = new Error('disk');
    await source.fail(failure);
    expect(await first).toBe(failure);
    expect(source.closed).toBe(1);
    expect(await iterator.next()).toEqual(done);
  });

  it('rejects one of the pulls that overlap the failure, the later ones are done', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const pulls = Promise.allSettled([iterator.next(), iterator.next(), iterator.next()]);
    await source.fail(new Error('disk'));
    expect(await pulls).toEqual([
      { status: 'rejected', reason: new Error('disk') },
      { status: 'fulfilled', value: done },
      { status: 'fulfilled', value: done },
    ]);
  });

  it('hands out the page that it has before it reports that the next one failed', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    await source.answer(['a', 'b']);
    await first;
    await source.fail(new Error('disk'));
    await turn();
    expect(await iterator.next()).toEqual(entry('b'));
    expect((await rejection(iterator.next())).message).toBe('disk');
    expect(await iterator.next()).toEqual(done);
  });

  it('causes no unhandled rejection when nobody pulls it', async () => {
    void iterate<string>(() => {
      throw new TypeError('wrong');
    }, open);
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    await source.answer(['a']);
    await first;
    await source.fail(new Error('a page that was fetched ahead'));
    await turn();
    expect(await iterator.return()).toEqual(done);
  });
});

describe('leaving an iteration early', () => {
  it('by break closes its source', async () => {
    const source = sourceOf(['a', 'b'], ['c']);
    for await (const key of iterate(() => ({ source }), open)) {
      expect(key).toBe('a');
      break;
    }
    expect(source.closed).toBe(1);
  });

  it('by a throw in the loop closes its source and keeps the error', async () => {
    const source = sourceOf(['a', 'b'], ['c']);
    const thrown = new Error('mine');
    const loop = async (): Promise<void> => {
      for await (const key of iterate(() => ({ source }), open)) throw key === 'a' ? thrown : new Error(key);
    };
    expect(await rejection(loop())).toBe(thrown);
    expect(source.closed).toBe(1);
  });

  it('before the first pull closes its source without asking for a page', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    expect(await iterator.return()).toEqual(done);
    expect(source).toMatchObject({ fetched: 0, closed: 1 });
    expect(await iterator.next()).toEqual(done);
  });

  it('waits for the page in flight', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    await source.answer(['a', 'b']);
    await first;
    let returned = false;
    const leaving = iterator.return().then((result) => {
      returned = true;
      return result;
    });
    await turn();
    expect({ returned, closed: source.closed }).toEqual({ returned: false, closed: 0 });
    await source.answer(['c']);
    expect(await leaving).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('answers the pulls that were issued before', async () => {
    const source = new GatedSource();
    const iterator = await iterate(() => ({ source }), open);
    const first = iterator.next();
    const leaving = iterator.return();
    const after = iterator.next();
    await source.answer(['a']);
    await turn();
    await source.answer(['b']);
    expect(await Promise.all([first, leaving, after])).toEqual([entry('a'), done, done]);
    expect(source.closed).toBe(1);
  });

  it('twice closes its source once', async () => {
    const source = sourceOf(['a']);
    const iterator = await iterate(() => ({ source }), open);
    expect(await Promise.all([iterator.return(), iterator.return()])).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });

  it('is what disposing of it does', async () => {
    const source = sourceOf(['a', 'b']);
    {
      await using iterator = await iterate(() => ({ source }), open);
      expect(await iterator.next()).toEqual(entry('a'));
    }
    expect(source.closed).toBe(1);
  });

  it('reports that the source could not be closed', async () => {
    const failure = new Error('close');
    const source = { fetch: () => Promise.resolve(['a']), close: () => Promise.reject(failure) };
    const iterator = await iterate(() => ({ source }), open);
    expect(await rejection(iterator.return())).toBe(failure);
    expect(await iterator.return()).toEqual(done);
  });
});

describe('an iteration of a store that is stopped', () => {
  it('rejects the next pull although entries of its page are left, closes its source and is done', async () => {
    const source = sourceOf(['a', 'b', 'c']);
    const stopped = new Error('stopped');
    let running = true;
    const iterator = await iterate(
      () => ({ source }),
      () => {
        if (!running) throw stopped;
      },
    );
    expect(await iterator.next()).toEqual(entry('a'));
    running = false;
    expect(await rejection(iterator.next())).toBe(stopped);
    expect(source.closed).toBe(1);
    expect(await iterator.next()).toEqual(done);
  });

  it('that was complete before stays complete', async () => {
    let running = true;
    const iterator = await iterate(
      () => ({ source: sourceOf(['a']) }),
      () => {
        if (!running) throw new Error('stopped');
      },
    );
    expect(await collect(iterator)).toEqual(['a']);
    running = false;
    expect(await iterator.next()).toEqual(done);
  });
});

describe("an iteration's signal", () => {
  it('aborted before the first pull rejects it with the reason and asks for no page', async () => {
    const source = new GatedSource();
    const reason = new Error('enough');
    const iterator = await iterate(() => ({ source, signal: AbortSignal.abort(reason) }), open);
    expect(await rejection(iterator.next())).toBe(reason);
    expect(source).toMatchObject({ fetched: 0, closed: 1 });
    expect(await iterator.next()).toEqual(done);
  });

  it('aborted during a pull rejects that pull with the reason', async () => {
    const source = new GatedSource();
    const controller = new AbortController();
    const iterator = await iterate(() => ({ source, signal: controller.signal }), open);
    const first = rejection(iterator.next());
    await turn();
    const reason = new Error('enough');
    controller.abort(reason);
    await source.answer(['a']);
    expect(await first).toBe(reason);
    expect(source.closed).toBe(1);
    expect(await iterator.next()).toEqual(done);
  });

  it('aborted between pulls rejects the next one although entries of its page are left', async () => {
    const controller = new AbortController();
    const source = sourceOf(['a', 'b']);
    const iterator = await iterate(() => ({ source, signal: controller.signal }), open);
    await iterator.next();
    controller.abort();
    await expect(iterator.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(source.closed).toBe(1);
    expect(await iterator.next()).toEqual(done);
  });

  it('aborted after the end changes nothing', async () => {
    const controller = new AbortController();
    const iterator = await iterate(() => ({ source: sourceOf(['a']), signal: controller.signal }), open);
    await collect(iterator);
    controller.abort();
    expect(await iterator.next()).toEqual(done);
  });

  it('may have any reason', async () => {
    const iterator = await iterate(() => ({ source: sourceOf(['a']), signal: AbortSignal.abort('a word') }), open);
    await expect(iterator.next()).rejects.toBe('a word');
  });

  it('that throws rejects a pull and never throws at it, and ends the iteration', async () => {
    const source = sourceOf(['a', 'b', 'c']);
    const { proxy, revoke } = Proxy.revocable(new AbortController().signal, {
      get: (signal, name) => (name === 'aborted' ? false : (): void => signal.throwIfAborted()),
    });
    const iterator = await iterate(() => ({ source, signal: proxy }), open);
    expect(await iterator.next()).toEqual(entry('a'));
    revoke();
    expect(await rejection(iterator.next())).toBeInstanceOf(TypeError);
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });
});
