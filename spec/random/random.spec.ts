import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sabotage } from '../conformance/sabotage';
import type { Sabotage } from './program';
import { RandomPrograms, reportOf } from './property';

jest.setTimeout(60_000);

/** Where the run begins. Its title says it; `npm run test:soak -- --seed N` runs it again. */
const seed = Date.now() % 2 ** 31;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('random operations', () => {
  it(`have the same outcomes on SQLite and in memory (seed ${seed})`, async () => {
    const programs = new RandomPrograms(directory);
    const result = await programs.check({ seed, numRuns: 20 });
    if (result.failed) throw new Error(reportOf(result));
    expect(programs.compared).toBeGreaterThan(1_000);
  });

  const loseEveryTenthPut: Sabotage = (good) => {
    let puts = 0;
    return sabotage(good, {
      collection: (collection) => ({
        put: (key, data) => (puts++ % 10 === 9 ? Promise.resolve() : collection.put(key, data)),
      }),
    });
  };

  it('differ when one put of ten is lost', async () => {
    const programs = new RandomPrograms(directory, loseEveryTenthPut);
    const result = await programs.check({ seed: 1, numRuns: 20, endOnFailure: true });
    expect(String(result.errorInstance)).toMatch(/SQLite: .*\n.*memory: /);
  });
});
