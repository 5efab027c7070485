import { MemoryManager } from '../../lib/memory/index';
import { testBackend, type Backend } from '../../lib/testing/index';

const backend: Backend = {
  name: 'a backend',
  open: () => MemoryManager.open(),
  reopen: false,
  killed: false,
  backup: false,
  consistentIterations: false,
};

describe('testBackend', () => {
  it('asks for a runner where the globals are none', () => {
    const global = { it };
    Object.assign(globalThis, { it: undefined });
    try {
      expect(() => testBackend(backend)).toThrow(
        'no test runner: describe and it are no globals here, hand them in as testBackend(backend, { describe, it })',
      );
    } finally {
      Object.assign(globalThis, global);
    }
  });

  const describeAtOnce = (_: string, body: () => void): void => body();
  const parts = ['consistent iterations', 'reopening', 'durability', 'backup'];
  const leftOut = parts.map((part) => `(left out: the backend declares that it has no ${part})`);

  it('skips the parts that a backend declares it lacks, by name', () => {
    const skipped: string[] = [];
    const it = Object.assign(() => undefined, { skip: (title: string) => skipped.push(title) });
    testBackend(backend, { describe: describeAtOnce, it });
    expect(skipped).toEqual(leftOut);
  });

  it('names them as tests where the runner cannot skip', () => {
    const titles: string[] = [];
    testBackend(backend, { describe: describeAtOnce, it: (title) => titles.push(title) });
    expect(titles).toEqual(expect.arrayContaining(leftOut));
  });
});
