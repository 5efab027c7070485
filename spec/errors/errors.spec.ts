import { inspect } from 'node:util';
import {
  CreateStoreError,
  EntryExistsError,
  EntryNotFoundError,
  GetError,
  InvalidConfigurationError,
  StoreError,
  StoreOperationError,
  invalidArgument,
  sqliteCodeOf,
  type AnyStoreError,
} from '../../lib/errors';

/** Errors as the driver makes them: a primary code by name, the full number in `errno`. */
function driverError(code: string, errno: number, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code, errno });
}

const each: [AnyStoreError, string, string, Record<string, unknown>][] = [
  [new CreateStoreError('no room'), 'CREATE_STORE', 'failed to create store: no room', { reason: 'no room' }],
  [new EntryNotFoundError('a.1', '1'), 'ENTRY_NOT_FOUND', 'entry not found: a.1', { key: 'a.1', entryKey: '1' }],
  [new EntryExistsError('a.1', '1'), 'ENTRY_EXISTS', 'entry exists: a.1', { key: 'a.1', entryKey: '1' }],
  [
    new GetError('a.1', 'no such table', '1'),
    'GET',
    "failed to get data for key 'a.1': no such table",
    { key: 'a.1', entryKey: '1', reason: 'no such table' },
  ],
  [
    new StoreOperationError('insert', 'disk full'),
    'STORE',
    'store operation failed: insert - disk full',
    { operation: 'insert', reason: 'disk full', outcomeUnknown: false },
  ],
  [
    new InvalidConfigurationError('readers', 'expected 1 or more'),
    'INVALID_CONFIGURATION',
    'invalid configuration for readers: expected 1 or more',
    { component: 'readers', reason: 'expected 1 or more' },
  ],
];

describe.each(each.map((row) => [row[0].name, ...row] as const))('%s', (name, error, code, message, fields) => {
  it('has its code, its message and its fields', () => {
    expect(Object.fromEntries(Object.entries(error))).toStrictEqual({ code, ...fields });
    expect(error.message).toBe(message);
  });

  it('is a StoreError and an Error, and says its name in its stack', () => {
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe(`${name}: ${message}`);
    expect(error.stack).toContain(`${name}: ${message}\n    at `);
    expect(inspect(error)).toContain(`${name}: ${message}`);
  });
});

describe('an error', () => {
  it('has no field for what does not apply', () => {
    expect(Object.keys(new EntryNotFoundError('actor'))).toEqual(['key', 'code']);
    expect('cause' in new GetError('actor', 'why')).toBe(false);
  });

  it('says where it happened and what caused it', () => {
    const cause = driverError('SQLITE_FULL', 13, 'database or disk is full');
    const error = new StoreOperationError('insert', cause.message, { table: 't', prefix: 'p', path: 'f', cause });
    expect(error).toMatchObject({ table: 't', prefix: 'p', path: 'f', cause });
    expect(inspect(error)).toContain('[cause]: Error: SQLITE_FULL: database or disk is full');
  });

  it('names the operation of the batch that failed', () => {
    const error = new EntryNotFoundError('a.1', '1', { index: 3 });
    expect(error.message).toBe('entry not found: a.1 (operation 3 of the batch)');
    expect(error.key).toBe('a.1');
  });

  it('says that the outcome is unknown only where that was said', () => {
    expect(new StoreOperationError('insert', 'why', { outcomeUnknown: true }).outcomeUnknown).toBe(true);
    expect(new StoreOperationError('insert', 'why').outcomeUnknown).toBe(false);
  });

  it('narrows by its code', () => {
    const told = (error: AnyStoreError): string => {
      switch (error.code) {
        case 'CREATE_STORE':
          return error.reason;
        case 'ENTRY_NOT_FOUND':
          return error.key;
        case 'ENTRY_EXISTS':
          return error.entryKey;
        case 'GET':
          return error.key + error.reason;
        case 'STORE':
          return error.operation + String(error.outcomeUnknown);
        case 'INVALID_CONFIGURATION':
          return error.component;
      }
    };
    expect(each.map(([error]) => told(error))).toEqual([
      'no room',
      'a.1',
      '1',
      'a.1no such table',
      'insertfalse',
      'readers',
    ]);
  });
});

describe('where SQLite spoke, an error', () => {
  it('carries the extended code and the name of the primary one', () => {
    const cause = driverError('SQLITE_CONSTRAINT', 1299, 'NOT NULL constraint failed');
    expect(new StoreOperationError('insert', 'why', { cause })).toMatchObject({
      sqliteCode: 1299,
      sqliteName: 'SQLITE_CONSTRAINT',
    });
  });

  it('has a name where the driver has none', () => {
    // An fsync that failed, as the driver reports it with extended result codes.
    const cause = driverError('UNKNOWN', 1034, 'disk I/O error');
    expect(new StoreOperationError('insert', 'why', { cause })).toMatchObject({
      sqliteCode: 1034,
      sqliteName: 'SQLITE_IOERR',
    });
  });

  it.each([
    ['nothing', undefined],
    ['an error without a number', new Error('mine')],
    ["the operating system's error", Object.assign(new Error('EACCES'), { code: 'EACCES', errno: -13 })],
    ['a positive number that is not of SQLite', Object.assign(new Error('no'), { code: 'ENOENT', errno: 2 })],
    ['a word', 'SQLITE_BUSY'],
    ['null', null],
  ])('is not made of %s', (_title, cause) => {
    expect(sqliteCodeOf(cause)).toBeUndefined();
    expect(new GetError('k', 'why', undefined, { cause })).not.toHaveProperty('sqliteCode');
  });
});

describe('a wrong argument', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['the secret itself', 'a string'],
    [1.5, '1.5'],
    [true, 'true'],
    [10n, 'bigint'],
    [Symbol('s'), 'symbol'],
    [() => 'secret', 'function'],
    [{ secret: 1 }, 'Object'],
    [Object.create(null), 'object'],
    [['secret'], 'Array'],
    [new ArrayBuffer(1), 'ArrayBuffer'],
    [new Date(0), 'Date'],
  ])('is a TypeError that names the argument, what was expected and what it got: %#', (received, described) => {
    const error = invalidArgument('data', 'a Uint8Array', received);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toBe(`invalid argument data: expected a Uint8Array, received ${described}`);
  });
});
