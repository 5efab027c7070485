/** The driver in the hands of a spec: what it would be told to do can be changed, or be made to fail. */
import sqlite3 from 'sqlite3';
import { wrapRuns } from '../support/watching';

export interface DriverError {
  readonly errno: number;
  readonly code: string;
  readonly message: string;
}

export interface HeldDriver {
  /** Statements whose text matches fail with this error, until `release`. */
  fail(text: RegExp, error: DriverError): void;
  /** Where the text matches, another one is prepared. */
  replace(text: RegExp, by: string): void;
  /** The next connection that is closed says that it failed, after it has been closed. */
  failClose(error: DriverError): void;
  release(): void;
}

type Callback = (error: Error | null) => void;

/** For every spec of the file; released when the spec ends. */
export function useHeldDriver(): HeldDriver {
  const { Database } = sqlite3;
  const failures: [RegExp, DriverError][] = [];
  const replacements: [RegExp, string][] = [];
  const failingCloses: DriverError[] = [];
  const errorFor = (text: string): Error | undefined => {
    const error = failures.find(([pattern]) => pattern.test(text))?.[1];
    return error && Object.assign(new Error(error.message), error);
  };

  class HeldDatabase extends Database {
    override prepare(text: string, ...rest: never[]): sqlite3.Statement {
      const replaced = replacements.find(([pattern]) => pattern.test(text))?.[1] ?? text;
      const statement = super.prepare(replaced, ...rest);
      return wrapRuns(statement, (run) => (parameters, callback) => {
        const error = errorFor(text);
        if (error === undefined) return run(parameters, callback);
        setImmediate(() => callback(error));
        return statement;
      });
    }

    override close(callback?: Callback): void {
      const error = failingCloses.shift();
      super.close((reason) =>
        callback?.(error === undefined ? reason : Object.assign(new Error(error.message), error)),
      );
    }
  }

  beforeEach(() => void Object.assign(sqlite3, { Database: HeldDatabase }));
  afterEach(() => {
    release();
    Object.assign(sqlite3, { Database });
  });
  const release = (): void => {
    for (const held of [failures, replacements, failingCloses]) held.length = 0;
  };
  return {
    fail: (text, error) => void failures.push([text, error]),
    replace: (text, by) => void replacements.push([text, by]),
    failClose: (error) => void failingCloses.push(error),
    release,
  };
}
