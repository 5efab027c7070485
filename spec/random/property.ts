import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { SideBySide, program, type Sabotage, type Step } from './program';

/** Runs random programs, each on a store of its own in `directory`, and counts what they compared. */
export class RandomPrograms {
  readonly #directory: string;
  readonly #sabotage: Sabotage | undefined;
  #stores = 0;
  compared = 0;

  constructor(directory: string, sabotage?: Sabotage) {
    this.#directory = directory;
    this.#sabotage = sabotage;
  }

  check(parameters: fc.Parameters<[Step[]]>): Promise<fc.RunDetails<[Step[]]>> {
    const property = fc.asyncProperty(program, async (steps) => {
      const store = join(this.#directory, String(this.#stores++));
      const run = new SideBySide(store, this.#sabotage);
      try {
        await run.run(steps);
      } finally {
        this.compared += run.compared;
        rmSync(store, { recursive: true, force: true });
      }
    });
    return fc.check(property, parameters);
  }
}

/** What a failed run says: the smallest program that fails, what differed, and how to see it again. */
export function reportOf(result: fc.RunDetails<[Step[]]>): string {
  const { seed, counterexamplePath, errorInstance } = result;
  const replay = `npm run test:soak -- --seed ${seed} --path ${counterexamplePath ?? ''}`;
  return `${fc.defaultReportMessage(result) ?? ''}\n\n${String(errorInstance)}\n\nreplay: ${replay}`;
}
