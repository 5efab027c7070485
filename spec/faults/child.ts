/** The program that the harnesses run in processes of its own: `node child.cjs <part> <options as JSON>`. */
import { workload, type WorkloadOptions } from './workload';

const [, , part, options] = process.argv as [string, string, keyof Parts, string];

export interface Parts {
  workload: WorkloadOptions;
}

const parts: { [Part in keyof Parts]: (options: Parts[Part]) => Promise<void> } = { workload };

void parts[part](JSON.parse(options) as Parts[typeof part]);
