/** Builds faultfs.c and makes the environment that it reads. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../support/bundle';

export type Call = 'write' | 'sync' | 'truncate' | 'unlink' | 'link' | 'mkdir' | 'read' | 'map' | 'open';

export interface Fault {
  /** The directory whose files are struck. */
  directory: string;
  /** Strikes only files of this name. */
  file?: string | undefined;
  calls?: readonly Call[];
  at?: number;
  action?:
    'kill-before' | 'kill-middle' | 'kill-after' | 'fail-once' | 'fail-torn' | 'fail-thrice' | 'fail-on' | undefined;
  error?: 'EIO' | 'ENOSPC' | 'EMFILE' | 'ENOMEM' | undefined;
  hit?: string;
  log?: string;
  withoutMapping?: boolean;
}

/** Builds the library in a directory and gives its path, or why it cannot be built here. */
export function buildFaultfs(directory: string): { library: string; whyNot?: string } {
  if (process.platform !== 'linux') return { library: '', whyNot: 'LD_PRELOAD as used here is of Linux' };
  const library = join(directory, 'faultfs.so');
  const source = join(projectRoot(), 'spec', 'faults', 'faultfs.c');
  const flags = ['-std=gnu11', '-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  const built = spawnSync('gcc', [...flags, '-o', library, source, '-ldl', '-lpthread'], { encoding: 'utf8' });
  if (built.error !== undefined) return { library, whyNot: `there is no gcc (${built.error.message})` };
  if (built.status === 0) return { library };
  return {
    library,
    whyNot: `gcc cannot build faultfs.c: ${/.*error.*/i.exec(built.stderr)?.[0] ?? built.stderr.trim()}`,
  };
}

export function environmentOf(library: string, fault: Fault): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    FAULTFS_DIR: fault.directory,
    FAULTFS_FILE: fault.file,
    FAULTFS_CALLS: fault.calls?.join(' '),
    FAULTFS_AT: fault.at?.toString(),
    FAULTFS_DO: fault.action,
    FAULTFS_ERRNO: fault.error === undefined ? undefined : String(constants.errno[fault.error]),
    FAULTFS_HIT: fault.hit,
    FAULTFS_LOG: fault.log,
    FAULTFS_NOMAP: fault.withoutMapping === true ? '1' : undefined,
  };
}
