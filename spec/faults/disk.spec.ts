import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Disk, recordsOf, type LogRecord } from './disk';
import { seeded } from './random';

const record = (kind: LogRecord['kind'], path: string, offset = 0, data = ''): LogRecord => ({
  kind,
  path,
  offset,
  data: Buffer.from(data),
});

/** The files of a state, by their paths. */
function filesOf(disk: Disk, state: Parameters<Disk['writeTo']>[1]): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'ave-disk-'));
  try {
    disk.writeTo(directory, state);
    const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
      names.map((entry) => [
        join(entry.parentPath, entry.name).slice(directory.length + 1),
        readFileSync(join(entry.parentPath, entry.name), 'latin1'),
      ]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function disk(...records: LogRecord[]): Disk {
  const made = new Disk();
  for (const each of records) made.apply(each);
  return made;
}

describe('the disk of the power-cut harness', () => {
  it('keeps what was synced, content and name, and may lose everything else', () => {
    const cut = disk(
      record('create', 'a'),
      record('sync', ''),
      record('write', 'a', 0, 'old'),
      record('sync', 'a'),
      record('write', 'a', 3, 'new'),
    );
    expect(filesOf(cut, 'none')).toEqual({ a: 'old' });
    expect(filesOf(cut, 'all')).toEqual({ a: 'oldnew' });
  });

  it('loses a synced file whose directory was not', () => {
    const cut = disk(record('create', 'a'), record('write', 'a', 0, 'x'), record('sync', 'a'));
    expect(filesOf(cut, 'none')).toEqual({});
    cut.apply(record('sync', ''));
    expect(filesOf(cut, 'none')).toEqual({ a: 'x' });
    expect(cut.settled).toBe(true);
  });

  it('loses what is in a directory whose own name was not synced', () => {
    const cut = disk(record('mkdir', 'd'), record('create', 'd/a'), record('sync', 'd/a'), record('sync', 'd'));
    expect(filesOf(cut, 'none')).toEqual({});
    cut.apply(record('sync', ''));
    expect(filesOf(cut, 'none')).toEqual({ 'd/a': '' });
  });

  it('knows a file by every name that it was given', () => {
    const cut = disk(
      record('create', 'a'),
      record('write', 'a', 0, 'x'),
      record('sync', 'a'),
      record('link', 'b', 0, 'a'),
      record('unlink', 'a'),
    );
    expect(filesOf(cut, 'all')).toEqual({ b: 'x' });
    expect(filesOf(cut, 'none')).toEqual({});
    cut.apply(record('sync', ''));
    expect(filesOf(cut, 'none')).toEqual({ b: 'x' });
  });

  it('brings back a file that was removed and a tail that was cut off', () => {
    const cut = disk(record('create', 'a'), record('write', 'a', 0, 'abc'), record('sync', 'a'), record('sync', ''));
    cut.apply(record('truncate', 'a', 1));
    expect(filesOf(cut, 'none')).toEqual({ a: 'abc' });
    expect(filesOf(cut, 'all')).toEqual({ a: 'a' });
    cut.apply(record('unlink', 'a'));
    expect(filesOf(cut, 'none')).toEqual({ a: 'abc' });
    expect(filesOf(cut, 'all')).toEqual({});
  });

  it('tears what was not synced at sectors of 512 bytes', () => {
    const cut = disk(record('create', 'a'), record('sync', ''), record('write', 'a', 100, 'x'.repeat(2000)));
    const random = seeded(1);
    const torn = new Set<string>();
    for (let state = 0; state < 200; state++) {
      const content = filesOf(cut, random)['a']!.padEnd(2100, '\0');
      const sectors = [
        content.slice(100, 512),
        content.slice(512, 1024),
        content.slice(1024, 1536),
        content.slice(1536, 2048),
      ];
      for (const sector of sectors) expect(new Set(sector).size).toBe(1);
      torn.add(sectors.map((sector) => (sector.startsWith('x') ? 'x' : '-')).join(''));
    }
    expect(torn.size).toBe(16);
  });

  it('reads the log as it was written', () => {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(1, 0);
    header.writeUInt32LE(4, 4);
    header.writeBigUInt64LE(4096n, 8);
    header.writeBigUInt64LE(2n, 16);
    const log = Buffer.concat([
      header,
      Buffer.from('a-wal'.slice(0, 4)),
      Buffer.from('hi'),
      header,
      Buffer.from('b-waok'),
    ]);
    expect([...recordsOf(log)]).toEqual([record('write', 'a-wa', 4096, 'hi'), record('write', 'b-wa', 4096, 'ok')]);
  });
});
