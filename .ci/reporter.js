'use strict';

const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/** Writes the outcome of a jest run to coverage/outcome.txt, for whoever prints it last. */
module.exports = class Outcome {
  onRunComplete(_contexts, results) {
    const { numPassedTests: passed, numFailedTests: failed, numTotalTests: total, numRuntimeErrorTestSuites } = results;
    const skipped = total - passed - failed;
    const parts = [failed && `${failed} failed`, skipped && `${skipped} skipped`, `${passed} passed`, `${total} total`];
    const directory = join(__dirname, '../coverage');
    mkdirSync(directory, { recursive: true });
    // A suite that could not run has no tests to count, and is a failure all the same.
    const lines = [
      `Tests:       ${parts.filter(Boolean).join(', ')}`,
      `${passed} passed, ${failed + numRuntimeErrorTestSuites} failed`,
    ];
    writeFileSync(join(directory, 'outcome.txt'), `${lines.join('\n')}\n`);
  }
};
