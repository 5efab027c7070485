/** Builds faultfs.c and makes the environment that it reads. */
import { execFileSync, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../support/bundle';

export type Call = 'write' | 'sync' | 'truncate' | 'unlink' | 'link' | 'mkdir' | 'read' | 'map' | 'open';

export interface Fault {
  /** The directory whose files are struck. */
  directory: string;
  calls?: readonly Call[];
  at?: number;
  action?:
    'kill-before' | 'kill-middle' | 'kill-after' | 'fail-once' | 'fail-torn' | 'fail-thrice' | 'fail-on' | undefined;
  error?: 'EIO' | 'ENOSPC' | 'EMFILE' | 'ENOMEM' | undefined;
  hit?: string;
  log?: string;
  withoutMapping?: boolean;
}

/** Why the library cannot be built here, or undefined. */
export function whyNoFaultfs(): string | undefined {
  if (process.platform !== 'linux') return 'LD_PRELOAD as used here is of Linux';
  return spawnSync('gcc', ['--version']).status === 0 ? undefined : 'there is no gcc';
}

/** Builds the library in a directory and gives its path. */
export function buildFaultfs(directory: string): string {
  const library = join(directory, 'faultfs.so');
  const source = join(projectRoot(), 'spec', 'faults', 'faultfs.c');
  const flags = ['-std=gnu11', '-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  execFileSync('gcc', [...flags, '-o', library, source, '-ldl', '-lpthread'], { stdio: 'inherit' });
  return library;
}

export function environmentOf(library: string, fault: Fault): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    FAULTFS_DIR: fault.directory,
    FAULTFS_CALLS: fault.calls?.join(' '),
    FAULTFS_AT: fault.at?.toString(),
    FAULTFS_DO: fault.action,
    FAULTFS_ERRNO: fault.error === undefined ? undefined : String(constants.errno[fault.error]),
    FAULTFS_HIT: fault.hit,
    FAULTFS_LOG: fault.log,
    FAULTFS_NOMAP: fault.withoutMapping === true ? '1' : undefined,
  };
}
