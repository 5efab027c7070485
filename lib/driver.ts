/** The driver itself, for those who look at the file next to the library: a second SQLite library in the process would break its locks. */
import sqlite3 = require('sqlite3');

export { sqlite3 };
