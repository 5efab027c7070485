import { CreateStoreError } from '../../lib/index';
import { READ_DEFINITION } from '../../lib/sqlite/statements';
import { rejection } from '../support/gates';
import { queryFromOutside } from '../support/outside';
import { useTemporary } from '../support/temporary';
import { callsDuring, useRecordedConnections } from '../support/watching';

const temporary = useTemporary();
const connections = useRecordedConnections();

describe('an identifier', () => {
  it.each([
    'valid_name_42',
    '_valid_state',
    'select',
    'order',
    'ORDER',
    'rowid',
    'prefix',
    'value',
    'temp',
    'main',
    '_',
    'A',
    'x'.repeat(500),
  ])('may be %s', async (identifier) => {
    const manager = await temporary.open();
    const [events, state] = [
      await manager.createCollection(identifier, 'a'),
      await manager.createState(`${identifier}_state`, 'a'),
    ];
    expect(events.name).toBe(identifier);
    await manager.writeBatch([
      { type: 'put', target: events, key: '1', data: Buffer.from('x') },
      { type: 'put', target: events, key: '2', data: Buffer.from('y') },
      { type: 'del', target: events, key: '1' },
      { type: 'put', target: state, data: Buffer.from('z') },
    ]);
    expect(await events.last()).toEqual(['2', Buffer.from('y')]);
    expect(await state.get()).toEqual(Buffer.from('z'));
    await events.purge();
  });

  it.each([
    ['is empty', ''],
    ['is more than a name', 'users; DROP TABLE x'],
    ['has a dash', 'bad-name'],
    ['starts with a digit', '1st'],
    ['has other letters than ASCII', 'ünï'],
    ['is reserved', 'sqlite_x'],
    ['is reserved in another spelling', 'SQLite_X'],
    ['has a NUL', 'a\0b'],
    ['ends with a newline', 'events\n'],
    ['has a quote', 'a"b'],
    ['has a blank', 'a b'],
    ['names a schema', 'main.events'],
    ['is a lone surrogate', '\ud800'],
  ])('is refused when it %s', async (_title, identifier) => {
    const manager = await temporary.open();
    for (const making of [manager.createCollection(identifier, 'a'), manager.createState(identifier, 'a')]) {
      const error = await rejection(making);
      expect(error).toBeInstanceOf(CreateStoreError);
      expect(error.message).toContain('invalid SQLite identifier');
    }
    expect(
      await queryFromOutside(manager.path, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"),
    ).toEqual([]);
  });

  it('is the same in capitals and in small letters', async () => {
    const manager = await temporary.open();
    const [one, two] = [await manager.createCollection('Events', 'a'), await manager.createCollection('eVENTS', 'a')];
    await one.put('1', Buffer.from('x'));
    expect(await two.get('1')).toEqual(Buffer.from('x'));
    expect([one.name, two.name]).toEqual(['Events', 'eVENTS']);
    expect((await rejection(manager.createState('EVENTS', 'a'))).message).toMatch(/collection/);
    await manager.writeBatch([
      { type: 'put', target: one, key: '2', data: Buffer.from('y') },
      { type: 'del', target: two, key: '1' },
    ]);
    expect(await one.last()).toEqual(['2', Buffer.from('y')]);
    expect(
      await queryFromOutside(
        manager.path,
        "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name LIKE 'events'",
      ),
    ).toEqual([{ n: 1 }]);
  });

  it('that is made by many calls at once makes one table', async () => {
    const manager = await temporary.open();
    const handles = await Promise.all(
      Array.from({ length: 200 }, (_, i) => manager.createCollection('events', String(i))),
    );
    await Promise.all(handles.map((handle) => handle.put('1', Buffer.from(handle.prefix))));
    expect(await handles[150]!.get('1')).toEqual(Buffer.from('150'));
  });
});

describe('a table of another shape', () => {
  it('is refused as a state when it is a collection', async () => {
    const manager = await temporary.open();
    await manager.createCollection('events', 'a');
    const error = await rejection(manager.createState('events', 'a'));
    expect(error).toBeInstanceOf(CreateStoreError);
    expect(error).toMatchObject({ table: 'events', path: manager.path });
    expect(error.message).toMatch(/"?events"? .*collection/);
  });

  it('is refused as a collection when it is a state', async () => {
    const manager = await temporary.open();
    await manager.createState('snapshots', 'a');
    expect((await rejection(manager.createCollection('snapshots', 'a'))).message).toMatch(/"?snapshots"? .*state/);
  });

  it('is refused when both are asked for at once, whichever comes second', async () => {
    const manager = await temporary.open();
    const outcomes = await Promise.allSettled([manager.createCollection('t', 'a'), manager.createState('t', 'a')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it.each([
    [
      'one column more',
      'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, at INTEGER, PRIMARY KEY (prefix, sn)',
    ],
    ['one column less', 'prefix TEXT NOT NULL, sn TEXT NOT NULL, PRIMARY KEY (prefix, sn)'],
    ['another name', 'prefix TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, key)'],
    ['another type', 'prefix TEXT NOT NULL, sn INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix, sn)'],
    ['no NOT NULL', 'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB, PRIMARY KEY (prefix, sn)'],
    ['no primary key', 'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL'],
    ['a shorter primary key', 'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (prefix)'],
    [
      'its primary key the other way round',
      'prefix TEXT NOT NULL, sn TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (sn, prefix)',
    ],
    [
      'keys that compare without case',
      'prefix TEXT NOT NULL, sn TEXT NOT NULL COLLATE NOCASE, value BLOB NOT NULL, PRIMARY KEY (prefix, sn)',
    ],
  ])('is refused when it has %s', async (_title, columns) => {
    const manager = await temporary.open();
    const outside = await temporary.connect(manager.path);
    await outside.exec(`CREATE TABLE events (${columns})`);
    const error = await rejection(manager.createCollection('events', 'a'));
    expect(error).toBeInstanceOf(CreateStoreError);
    expect(error).toMatchObject({ table: 'events' });
  });

  it('is refused when it is a view', async () => {
    const manager = await temporary.open();
    const outside = await temporary.connect(manager.path);
    await outside.exec("CREATE VIEW events AS SELECT '' AS prefix, '' AS sn, x'' AS value");
    expect(await rejection(manager.createCollection('events', 'a'))).toBeInstanceOf(CreateStoreError);
  });

  it('leaves the table as it is', async () => {
    const manager = await temporary.open();
    const outside = await temporary.connect(manager.path);
    await outside.exec('CREATE TABLE events (a, b); INSERT INTO events VALUES (1, 2)');
    await rejection(manager.createCollection('events', 'a'));
    expect(await outside.all('SELECT a, b FROM events')).toEqual([{ a: 1, b: 2 }]);
  });

  it('may be a table without rowids of the right columns, or one that is spelled in another way', async () => {
    const manager = await temporary.open();
    const outside = await temporary.connect(manager.path);
    await outside.exec(`create table Events ("prefix" text not null, [sn] text not null, 'value' blob not null, primary key ("prefix", sn));
      CREATE TABLE snapshots (prefix TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID`);
    const [events, state] = [
      await manager.createCollection('events', 'a'),
      await manager.createState('snapshots', 'a'),
    ];
    await Promise.all([events.put('1', Buffer.from('x')), state.put(Buffer.from('y'))]);
    expect(await events.get('1')).toEqual(Buffer.from('x'));
    expect(await state.get()).toEqual(Buffer.from('y'));
  });
});

describe('a table that the manager knows', () => {
  it('is looked up by its definition once it has been examined, and examined again when that has changed', async () => {
    const manager = await temporary.open();
    const outside = await temporary.connect(manager.path);
    await manager.createCollection('events', 'a');
    const calls = await callsDuring(connections, () => manager.createCollection('events', 'b'));
    expect(calls.map(({ sql }) => sql)).toEqual([READ_DEFINITION]);
    await outside.exec(
      'DROP TABLE events; CREATE TABLE events (prefix TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)',
    );
    expect(await rejection(manager.createCollection('events', 'a'))).toMatchObject({
      code: 'CREATE_STORE',
      message: expect.stringContaining('is a state, not a collection') as unknown,
    });
    await outside.exec('DROP TABLE events');
    const events = await manager.createCollection('events', 'a');
    await events.put('1', Buffer.from('x'));
    expect(await outside.all('SELECT prefix, sn FROM events')).toEqual([{ prefix: 'a', sn: '1' }]);
  });
});

describe('a prefix', () => {
  it.each(['', '\0', "'; DROP TABLE events; --", 'a.b', '%', '_', '🎭', 'x'.repeat(10_000), '\ufffd', '\n'])(
    'may be any well-formed text: %j',
    async (prefix) => {
      const manager = await temporary.open();
      const [events, other] = [
        await manager.createCollection('events', prefix),
        await manager.createCollection('events', `${prefix}!`),
      ];
      await Promise.all([events.put('1', Buffer.from('mine')), other.put('1', Buffer.from('theirs'))]);
      expect(await events.get('1')).toEqual(Buffer.from('mine'));
      await events.purge();
      expect(await events.find('1')).toBeUndefined();
      expect(await other.get('1')).toEqual(Buffer.from('theirs'));
    },
  );

  it.each([
    ['a lone surrogate', 'a\ud800'],
    ['a number', 5],
    ['undefined', undefined],
    ['null', null],
  ])('is refused when it is %s', async (_title, prefix) => {
    const manager = await temporary.open();
    for (const making of [
      manager.createCollection('events', prefix as string),
      manager.createState('snapshots', prefix as string),
    ]) {
      const error = await rejection(making);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(error.message).toContain('prefix');
    }
  });
});
