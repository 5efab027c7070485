import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../support/gates';
import { bundle } from '../support/bundle';
import { startProgram } from '../support/outside';
import { useTemporary } from '../support/temporary';

const temporary = useTemporary();
const COUNT = 2000;

describe('processes that work on one file', () => {
  let programs = '';
  let writer = '';

  beforeAll(() => {
    programs = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-programs-'));
    writer = bundle('spec/sqlite/writer.ts', programs);
  });
  afterAll(() => rmSync(programs, { recursive: true }));

  it('write at once, and no error reaches anybody and nothing is lost', async () => {
    const store = temporary.path('store');
    // Both make the file.
    const children = ['one', 'two'].map((prefix) => startProgram(writer, store, prefix, String(COUNT)));
    for (const child of children) expect(await child.line()).toBe('ready');
    for (const child of children) child.tell('go');
    const manager = await temporary.open();
    const mine = await manager.createCollection('events', 'three');
    for (let i = 0; i < 200; i++) await mine.put(String(i), Buffer.from('x'));
    for (const child of children) expect(await child.line()).toBe('written');
    for (const prefix of ['one', 'two']) {
      const events = await manager.createCollection('events', prefix);
      const keys = (await collect(events.iterRange('0', '9'))).map(([key]) => key);
      expect(keys).toEqual(Array.from({ length: COUNT }, (_, i) => String(i).padStart(6, '0')));
      expect(await collect(events.iterRange('batch', 'batch~'))).toHaveLength(COUNT / 10);
      const state = await manager.createState('snapshots', prefix);
      expect((await state.get()).toString()).toBe(String(COUNT - 10));
    }
    expect(await collect(mine.iter())).toHaveLength(200);
    expect(await Promise.all(children.map((child) => child.end()))).toEqual([0, 0]);
    await manager.stop();
    expect(readdirSync(store)).toEqual(['database.db']);
  });

  it('stop in any order, and the last one leaves database.db alone', async () => {
    const store = temporary.path('store');
    const child = startProgram(writer, store, 'one', '10');
    await child.line();
    const manager = await temporary.open();
    child.tell('go');
    await child.line();
    await manager.stop();
    expect(readdirSync(store).length).toBeGreaterThan(1);
    expect(await child.end()).toBe(0);
    expect(readdirSync(store)).toEqual(['database.db']);
  });
});
