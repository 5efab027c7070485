/** How big a machine is, and what that means for SQLite's caches. */
import { totalmem } from 'node:os';
import { InvalidConfigurationError, describe } from './errors';

/** The name of a size: see `MACHINE_PROFILES`. */
export type MachineProfile = 'nano' | 'micro' | 'small' | 'medium' | 'large' | 'xlarge' | '2xlarge';

/**
 * A named size, or a size of your own. `cpuCores` is checked and reserved: SQLite has one writer, so no sizing depends on it today.
 */
export type MachineSpec = MachineProfile | { ramMb: number; cpuCores: number };

/** The named sizes, in MB of RAM and cores. */
export const MACHINE_PROFILES: Readonly<Record<MachineProfile, { readonly ramMb: number; readonly cpuCores: number }>> =
  {
    nano: { ramMb: 512, cpuCores: 2 },
    micro: { ramMb: 1024, cpuCores: 2 },
    small: { ramMb: 2048, cpuCores: 2 },
    medium: { ramMb: 4096, cpuCores: 2 },
    large: { ramMb: 8192, cpuCores: 2 },
    xlarge: { ramMb: 16384, cpuCores: 4 },
    '2xlarge': { ramMb: 32768, cpuCores: 8 },
  };

/** What every connection is told; the figures hold for each connection. */
export interface Sizing {
  /** `PRAGMA cache_size`: negative, in KiB. */
  readonly cacheSize: number;
  /** `PRAGMA mmap_size`, in bytes. */
  readonly mmapSize: number;
  /** `PRAGMA wal_autocheckpoint`, in pages. */
  readonly walAutocheckpoint: number;
  /** `PRAGMA journal_size_limit`, in bytes. */
  readonly journalSizeLimit: number;
}

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;
const UNKNOWN_RAM_MB = 4096;

/**
 * The sizing for a machine: 2 % of its RAM as page cache for each connection, so that one writer and two readers together stay within
 * 6 %. Everything is integer division.
 */
export function sizingFor(ramMb: number): Sizing {
  const cacheMb = clamp(Math.floor((ramMb * 2) / 100), 8, 1024);
  const walAutocheckpoint = clamp(cacheMb * 128, 1000, 8000);
  return {
    cacheSize: -1024 * cacheMb,
    mmapSize: Math.min(Math.floor(cacheMb / 2), 128) * MIB,
    walAutocheckpoint,
    journalSizeLimit: clamp(3 * PAGE_BYTES * walAutocheckpoint, 32 * MIB, 256 * MIB),
  };
}

/** The RAM of a spec in MB; without a spec, this machine's. Throws `InvalidConfigurationError` for a spec that is none. */
export function ramOf(spec: unknown): number {
  if (spec === undefined) return detectRamMb();
  if (typeof spec === 'string') {
    if (!Object.hasOwn(MACHINE_PROFILES, spec)) {
      const names = Object.keys(MACHINE_PROFILES).join(', ');
      throw new InvalidConfigurationError('spec', `unknown profile ${JSON.stringify(spec)}, expected one of ${names}`);
    }
    return MACHINE_PROFILES[spec as MachineProfile].ramMb;
  }
  if (typeof spec !== 'object' || spec === null) {
    throw new InvalidConfigurationError(
      'spec',
      `expected a profile or { ramMb, cpuCores }, received ${describe(spec)}`,
    );
  }
  const { ramMb, cpuCores } = spec as Readonly<Record<'ramMb' | 'cpuCores', unknown>>;
  checkPositive(cpuCores, 'spec.cpuCores');
  return checkPositive(ramMb, 'spec.ramMb');
}

/**
 * The RAM that this process may use, in MB: the container's limit where there is one below the machine's total, else the total, else
 * 4096. Without a limit, `process.constrainedMemory()` is 0, undefined or a huge number, depending on the platform.
 */
export function detectRamMb(constrained: number = process.constrainedMemory(), total: number = totalmem()): number {
  const limited = constrained > 0 && constrained < total ? constrained : total;
  return Math.floor(limited / MIB) || UNKNOWN_RAM_MB;
}

function checkPositive(value: unknown, component: string): number {
  if (!(Number.isSafeInteger(value) && (value as number) > 0)) {
    throw new InvalidConfigurationError(component, `expected a positive integer, received ${describe(value)}`);
  }
  return value as number;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
