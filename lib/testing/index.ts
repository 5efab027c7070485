/**
 * The conformance suite: every promise of the contracts, as tests that any backend can run.
 *
 * ```ts
 * testBackend({
 *   name: 'MemoryManager',
 *   open: () => MemoryManager.open(),
 *   reopen: false,
 *   killed: false,
 *   backup: false,
 *   consistentIterations: true,
 * });
 * ```
 */
import type { DbManager } from '../contracts';
import { testArguments } from './arguments';
import type { Backend, Runner } from './backend';
import { testBatches } from './batches';
import { testCallOrder } from './call-order';
import { testConsistentIterations } from './consistent-iterations';
import { testEntries } from './entries';
import { testHandles } from './handles';
import { testIterations } from './iterations';
import { testKeeping } from './keeping';
import { kitOf } from './kit';
import { testRanges } from './ranges';
import { testStates } from './states';
import { testStopping } from './stopping';
import { testValues } from './values';

export type { Backend, Runner } from './backend';

/**
 * Registers the suite with a test runner: `runner`'s `describe` and `it`, or the global ones of jest, vitest or mocha. Every test opens
 * a manager of its own and stops it. Parts that the backend declares it lacks are reported as skipped.
 */
export function testBackend<M extends DbManager>(backend: Backend<M>, runner: Runner = globalRunner()): void {
  // The hooks get no other managers than the backend's own.
  const kit = kitOf(backend as unknown as Backend, runner);
  kit.describe(backend.name, () => {
    testHandles(kit);
    testEntries(kit);
    testStates(kit);
    testRanges(kit);
    testValues(kit);
    testCallOrder(kit);
    testBatches(kit);
    testIterations(kit);
    testConsistentIterations(kit);
    testArguments(kit);
    testStopping(kit);
    testKeeping(kit);
  });
}

function globalRunner(): Runner {
  const { describe, it } = globalThis as Partial<Runner>;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError(
      'no test runner: describe and it are no globals here, hand them in as testBackend(backend, { describe, it })',
    );
  }
  return { describe, it };
}
