import { MemoryManager } from '../../lib/memory/index';
import { testBackend } from '../../lib/testing/index';
import { ENTRY_DEFECTS } from './defects';
import { END_DEFECTS, ITERATION_DEFECTS, PAGE_ENTRIES } from './iteration-defects';
import { sabotage, type Defect } from './sabotage';

interface Test {
  readonly title: string;
  readonly body: () => Promise<void>;
}

/** The tests that the suite registers for a memory backend with a defect. */
function testsOf(defect: Partial<Defect>): Test[] {
  const tests: Test[] = [];
  const groups: string[] = [];
  testBackend(
    {
      name: 'a backend',
      open: async () => sabotage(await MemoryManager.open(), defect),
      reopen: false,
      killed: false,
      backup: false,
      consistentIterations: true,
      pageEntries: PAGE_ENTRIES,
    },
    {
      describe: (title, body) => {
        groups.push(title);
        body();
        groups.pop();
      },
      it: Object.assign(
        (title: string, body: () => Promise<void>) => tests.push({ title: [...groups, title].join(' '), body }),
        { skip: () => undefined },
      ),
    },
  );
  return tests;
}

async function failuresOf(tests: readonly Test[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { title, body } of tests) {
    try {
      await body();
    } catch {
      failures.push(title);
    }
  }
  return failures;
}

describe('the conformance suite', () => {
  it('passes for a backend that is wrapped without a defect', async () => {
    const tests = testsOf({});
    expect(tests.length).toBeGreaterThan(200);
    expect(await failuresOf(tests)).toEqual([]);
  });

  it.each([...ENTRY_DEFECTS, ...ITERATION_DEFECTS, ...END_DEFECTS])('catches a backend that $title', async (defect) => {
    const about = testsOf(defect).filter(({ title }) => defect.caughtBy.test(title));
    expect(await failuresOf(about)).not.toEqual([]);
  });
});
