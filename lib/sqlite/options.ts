/** The options of `SqliteManager.open`, checked once and completed. */
import type { Logger } from '../contracts';
import { InvalidConfigurationError, describe } from '../errors';
import { ramOf, sizingFor, type MachineSpec, type Sizing } from '../machine';

/** How a manager is opened. Each is optional; what it does not know refuses the open. */
export interface SqliteManagerOptions {
  /**
   * True: a write is on the disk when its promise resolves (fsync at every commit). False: it survives a killed process; after a power cut the
   * latest commits may be gone, in their order. Default: true.
   */
  durability?: boolean;
  /** How big the machine is, for SQLite's caches. Default: read off the container or the host. */
  spec?: MachineSpec;
  /** Pooled reader connections, 1 or more. Each running read occupies a thread of libuv's pool. Default: 2, or 1 when the pool has fewer than 4 threads. */
  readers?: number;
  /**
   * The bytes that may wait to be written: values, keys (a byte for each UTF-16 unit) and 128 for each operation. A write beyond that rejects
   * with `StoreOperationError` (`queue_full`) and is not queued; when nothing waits, a write of any size is taken. Default: 256 MiB.
   */
  maxQueuedBytes?: number;
  /** Told of what nobody awaits: a WAL that grows, maintenance that failed. Default: silent. */
  logger?: Logger;
}

/**
 * Every option decided.
 * @internal
 */
export interface Settings {
  readonly durability: boolean;
  readonly sizing: Sizing;
  readonly readers: number;
  readonly maxQueuedBytes: number;
  readonly logger: Logger;
}

const DEFAULT_MAX_QUEUED_BYTES = 256 * 1024 * 1024;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** @internal */
export function checkOptions(options: unknown): Settings {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new InvalidConfigurationError('options', `expected an object, received ${describe(options)}`);
  }
  const { durability, spec, readers, maxQueuedBytes, logger } = (options ?? {}) as Readonly<
    Record<keyof SqliteManagerOptions, unknown>
  >;
  if (durability !== undefined && typeof durability !== 'boolean') {
    throw new InvalidConfigurationError('durability', `expected a boolean, received ${describe(durability)}`);
  }
  const threads = libuvThreads();
  const settings: Settings = {
    durability: durability ?? true,
    sizing: sizingFor(ramOf(spec)),
    readers: checkCount('readers', readers, threads < 4 ? 1 : 2),
    maxQueuedBytes: checkCount('maxQueuedBytes', maxQueuedBytes, DEFAULT_MAX_QUEUED_BYTES),
    logger: checkLogger(logger),
  };
  if (settings.readers >= threads) {
    settings.logger.warn(
      { readers: settings.readers, threads },
      `${settings.readers} readers and one writer need more threads than libuv's pool has (${threads}): set UV_THREADPOOL_SIZE`,
    );
  }
  return settings;
}

/**
 * https://docs.libuv.org/en/v1.x/threadpool.html: 4 unless UV_THREADPOOL_SIZE says otherwise, at most 1024.
 * @internal
 */
export function libuvThreads(size: string | undefined = process.env['UV_THREADPOOL_SIZE']): number {
  const threads = Number.parseInt(size ?? '', 10);
  return Number.isNaN(threads) ? 4 : Math.min(Math.max(threads, 1), 1024);
}

function checkCount(component: string, value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!(Number.isSafeInteger(value) && (value as number) >= 1)) {
    throw new InvalidConfigurationError(component, `expected an integer of 1 or more, received ${describe(value)}`);
  }
  return value as number;
}

/** A logger that throws must not stop a write. */
function checkLogger(logger: unknown): Logger {
  if (logger === undefined) return SILENT;
  const complete =
    typeof logger === 'object' &&
    logger !== null &&
    LEVELS.every((level) => typeof (logger as Logger)[level] === 'function');
  if (!complete) {
    throw new InvalidConfigurationError('logger', `expected { ${LEVELS.join(', ')} }, received ${describe(logger)}`);
  }
  const guard = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      const logged = (logger as Record<keyof Logger, (fields: object, message: string) => unknown>)[level](
        fields,
        message,
      );
      // What an asynchronous logger rejects with would end the process.
      void Promise.resolve(logged).catch(() => undefined);
    } catch {
      // Nobody to tell.
    }
  };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
