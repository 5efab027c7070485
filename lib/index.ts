/** The public surface of `ave-actors-sqlite`. */
export type {
  BatchOperation,
  Collection,
  DbManager,
  Entry,
  EntryIterator,
  Iteration,
  IterationOptions,
  Logger,
  State,
} from './contracts';
export {
  CreateStoreError,
  EntryExistsError,
  EntryNotFoundError,
  GetError,
  InvalidConfigurationError,
  StoreError,
  StoreOperationError,
  type AnyStoreError,
  type ErrorContext,
  type InvalidArgumentError,
  type StoreErrorCode,
  type StoreOperation,
} from './errors';
export { MACHINE_PROFILES, type MachineProfile, type MachineSpec } from './machine';
export { SqliteCollection } from './sqlite/collection';
export { SqliteManager } from './sqlite/manager';
export type { SqliteManagerOptions } from './sqlite/options';
export { SqliteState } from './sqlite/state';
