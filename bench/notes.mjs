/** What figures cannot say. Texts here hold no figures: those are measured. */

/** What each peer is, how it was set up, and what it does not do. */
export const peers = {
  'raw driver':
    'sqlite3 behind `sqlite`, the driver that the library is built on, with the same pragmas and the same tables: prepared statements, `run` for a put, `all` for a get, pages of 1000 rows for a scan, `IN (SELECT value FROM json_each(?))` for many keys, `BEGIN IMMEDIATE`, two statements and `COMMIT` for a batch. One connection. It has no group commit: each put is its own transaction.',
  'better-sqlite3':
    'synchronous, on the thread of the event loop, with the same pragmas and the same tables. Nothing crosses between threads, and nothing else runs meanwhile: timers, sockets and other calls wait for every fsync. Once with a commit for each put ("autocommit"), once in explicit transactions of 256 puts: there the application must gather the puts, and none has an outcome of its own.',
  'classic-level':
    'LevelDB through abstract-level: a key-value map, and prefix and key are joined to one key. `sync: true` is durable. Relaxed, a killed process loses nothing, a power cut an unknown tail. Each put in flight occupies a thread of libuv until it is written, so at most four share a commit. A second process cannot open the directory, and what was written cannot be read by other tools. It also has a synchronous `getSync`, which was not used.',
  lmdb: 'a memory-mapped B+tree, prefix and key joined to one key. Writes are asynchronous, those of one turn of the event loop share a transaction; reads are synchronous and come out of the page cache by pointer. With `separateFlushed`, durable awaits the promise of the fsync, relaxed that of the commit. It flushes after every commit even so, and the next commits wait for that; `noSync` would not, but then a power cut can destroy the file, which is another promise. Keys are limited to 1,978 bytes, and a page that is not in memory blocks the event loop until it has been read.',
  '@keyv/sqlite':
    'Keyv over a table of its own, through the same kind of driver (a copy of its own), with the same pragmas. A value is JSON text with the bytes in base64. It has no order of keys (no `last`, no ranges), no batch over several keys with an outcome, and its iterator pages by `LIKE … LIMIT … OFFSET`, which reads every page from the start: neither was measured.',
};

/** Why a peer is ahead: the first entry whose contender and measurement fit is used. */
export const ahead = [
  {
    contender: 'raw driver',
    measurements: /^(put-(durable|relaxed)$|get$|last|batch)/,
    why: 'The library makes the same call of the driver, and adds its checks, a copy of the bytes, its queue and the outcome of each call.',
  },
  {
    contender: 'raw driver',
    measurements: /^recovery/,
    why: 'The library makes the two handles of the actor first, and looks up their tables in the file each time. The raw driver has no handles. Who keeps the handles saves that.',
  },
  {
    contender: 'better-sqlite3',
    measurements: /^(put|get|last|batch|recovery)/,
    why: 'An awaited call of this library goes to a thread and comes back, which costs more than SQLite needs for one row. better-sqlite3 calls SQLite in place, and blocks the event loop for that time. The difference goes away as soon as several calls are in flight, because they share one crossing.',
  },
  {
    contender: 'better-sqlite3, transactions of 256',
    measurements: /^put/,
    why: 'One transaction around many puts that the application has gathered, on the thread of the event loop: no promise for each put, no packing, no crossing. A group commit can come close to it, not past it by much.',
  },
  {
    contender: 'better-sqlite3, transactions of 256',
    measurements: /^event-loop-delay/,
    why: 'It stops the event loop for one transaction and its fsync, and the benchmark lets the loop turn after each. On a slower disk each stop is as long as its fsync; the delay of this library does not depend on the disk.',
  },
  {
    contender: 'classic-level',
    measurements: /^(put|batch)/,
    why: 'LevelDB appends a write to its log and to a sorted list in memory. It touches no tree: that is left to a compaction in the background. SQLite changes the pages of a table and of an index for every row.',
  },
  {
    contender: 'classic-level',
    measurements: /^(get(?!-while)|last|recovery)/,
    why: 'A get of LevelDB crosses to a thread as well, but runs no statement: it has one sorted map with the value in it, SQLite looks into an index and then into the table. Four threads can serve it at the same time, two readers serve this library.',
  },
  {
    contender: '@keyv/sqlite',
    measurements: /^put-(durable|relaxed)$/,
    why: 'It makes the same call of the same kind of driver: the two differ by little, and by the mood of the disk.',
  },
  {
    contender: 'lmdb',
    measurements: /^get-while-putting/,
    why: 'A get of LMDB is synchronous: nothing can come between.',
  },
  {
    contender: 'lmdb',
    measurements: /^(get|last|scan|recovery)/,
    why: 'LMDB maps the file into memory and reads it on the thread of the event loop: a get is a search in the page cache, with no crossing, no statement and no copy beyond the value. A page that is not in memory blocks the event loop. No design on SQLite reaches this; a process that reads much more than it writes, from data that fits into memory, is better served by it.',
  },
  {
    contender: 'lmdb',
    measurements: /^(put|batch)/,
    why: 'LMDB writes the changed pages of one tree straight into the file. SQLite writes them to the WAL and later to the file, and a row lives in two trees, the table and the index of its key. In exchange the file is SQL that every tool can read.',
  },
  {
    contender: 'lmdb',
    measurements: /^event-loop-delay/,
    why: 'A thread of LMDB does the writing; the event loop writes down its instructions and settles the promises.',
  },
  {
    contender: /^(raw driver|classic-level|@keyv\/sqlite)$/,
    measurements: /^(event-loop-delay|get-while-putting)/,
    why: 'Its puts settle one by one, or a few at a time, so no turn of the event loop is long. This library settles a group of 256 in one turn, and their callers issue the next 256 in it.',
  },
].map(({ contender, measurements, why }) => ({
  explains: (name, id) =>
    (typeof contender === 'string' ? contender === name : contender.test(name)) && measurements.test(id),
  why,
}));

const AWAITED_WRITE =
  'The call of the driver is the same. Before and after it the event loop checks and copies, waits until no microtask is left (without that, what is issued together would be divided), plans the group and settles it, while nothing else happens. Statements found instead of made anew, one task of the queue as long as writes keep coming, a look at the log by bytes and fewer promises have halved that; what is left is code that runs seldom, out of cold caches.';
const GETS =
  'SQLite finds a row in the index and then in the table, whoever asks; two readers do that at the same time, on the cores that the event loop needs as well. Sharing calls took away the crossings, dividing what is issued together among the readers the wait for one of them. Packed numbers instead of JSON, `IN` and rows instead of one packed row were slower.';
const SCAN =
  'One thread reads, packs and copies a page while the one before is consumed, and it is the slower of the two. A flag for each entry made once, and asking for the next page before the entries of this one are made, took a third away; pages of other sizes do not help. Without a look at the type and the size of each value it would be faster, and one value written by another tool would shift all that follow.';

/** Targets that are not met: what was tried, and where the limit is. By the workload and its target, as the page names them. */
const limits = [
  [/^awaited put/, AWAITED_WRITE],
  [
    /^event \+ snapshot/,
    'Both rows go down in one call. They have five parameters where a put has three, and each runs a trigger of the view that leads it to its table. Packed into two parameters they were slower; as two statements in a transaction, twice as slow.',
  ],
  [
    /^256 puts .*transactions of 256/,
    'Each put has a caller that awaits it, a copy of its bytes and an outcome of its own. The event loop does all that before a group goes down and after it came back, and the disk waits meanwhile. Packing by actor made both sides shorter. Groups of half the size, of which one could be packed while the other is written, cost more in commits than they save.',
  ],
  [/^256 gets/, GETS],
  [
    /^`getMany`/,
    `${GETS} A getMany is one call on one reader, so that all its values are of one moment; two calls on two readers would be faster, and of two moments.`,
  ],
  [/^scan of 100,000/, SCAN],
  [
    /^(event-loop delay|p99 of a get)/,
    'A turn of the event loop settles a group of 256 and takes the next 256 from their callers, and with the writer and a reader it shares two cores. Smaller groups make shorter turns, and fewer puts a second.',
  ],
];

/** Why a target is not met, or undefined. */
export function limitOf(workload, target) {
  return limits.find(([targets]) => targets.test(`${workload}: ${target}`))?.[1];
}

export const method = `One process runs everything. The contenders alternate: a round takes one sample of each, every round starts with another one, and the first rounds count for nothing. A figure is the median of
the samples, with the first and the third quartile beside it; a ratio is the median of the ratios of the rounds. All have the same keys (20 digits), the same values (200 bytes that do not compress) and start with the same entries.
"Durable" is an fsync before a put's promise settles: \`durability: true\` here, \`synchronous=FULL\` on SQLite, \`sync: true\` in classic-level, \`flushed\` in lmdb. "Relaxed" survives a killed process but not
a power cut: \`durability: false\`, \`synchronous=NORMAL\`, \`sync: false\`, the commit alone in lmdb. The SQLite contenders have the pragmas that the library sets for spec \`medium\`. "256 in flight" are 256
callers, each of which awaits a call before it makes its next; a synchronous contender makes the calls one after the other. What is read is compared byte by byte outside the measured time; after the writes the number of entries and a sample of their bytes are.

The figures come from one machine and one run. On a faster disk the durable ratios shrink, because what a group commit saves is fsyncs; on a slower one they grow.`;
