/** SQLite's primary result codes, by what they mean here: https://sqlite.org/rescode.html */

/** BUSY, LOCKED: another connection has the lock. */
export const IN_USE = [5, 6];
/** BUSY, LOCKED, FULL: the same may succeed later. */
export const PASSING = [5, 6, 13];
/** ERROR (no such table), TOOBIG, CONSTRAINT, MISMATCH: one write is at fault. */
export const OWN_FAULTS = [1, 18, 19, 20];
/** IOERR, and NOMEM, which can strike after the frames have been written: at a commit they leave its outcome unknown. */
export const UNKNOWN_AT_COMMIT = [10, 7];
/** ERROR: "no transaction is active", because SQLite has rolled back by itself. */
export const NO_TRANSACTION = [1];
/** CANTOPEN */
export const CANNOT_OPEN = [14];
/** An extended code: https://sqlite.org/rescode.html#constraint_primarykey */
export const CONSTRAINT_PRIMARYKEY = 1555;
