/** The program that the harnesses run in processes of its own: `node child.cjs <part> <options as JSON>`. */
import { backup, type BackupOptions } from './backup';
import { churn, type ChurnOptions } from './churn';
import { damaged, type DamagedOptions } from './damaged';
import { fullDisk, type FullDiskOptions } from './full-disk';
import { fuzz, type FuzzOptions } from './fuzz';
import { heldLock, type HeldLockOptions } from './held-lock';
import { soak, type SoakOptions } from './soak';
import { storm, type StormOptions } from './storm';
import { workload, type WorkloadOptions } from './workload';

export interface Parts {
  workload: WorkloadOptions;
  fullDisk: FullDiskOptions;
  storm: StormOptions;
  churn: ChurnOptions;
  soak: SoakOptions;
  fuzz: FuzzOptions;
  heldLock: HeldLockOptions;
  backup: BackupOptions;
  damaged: DamagedOptions;
}

const parts: { [Part in keyof Parts]: (options: Parts[Part]) => Promise<void> } = {
  workload,
  fullDisk,
  storm,
  churn,
  soak,
  fuzz,
  heldLock,
  backup,
  damaged,
};

const [part, options] = process.argv.slice(2) as [keyof Parts, string];
// The type of the options belongs to the part; TypeScript cannot follow it through the union.
void (parts[part] as (options: unknown) => Promise<void>)(JSON.parse(options));
