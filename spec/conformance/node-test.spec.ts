import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../support/bundle';

jest.setTimeout(120_000);

let directory: string;
let program: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ave-actors-sqlite-'));
  program = bundle('spec/conformance/node-test.ts', directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Run {
  readonly exitCode: number | null;
  readonly pass: number;
  readonly fail: number;
  readonly skipped: string[];
}

function run(backend: string): Run {
  // Started by jest, Node's runner would take itself for a part of another one.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { status, stdout } = spawnSync(process.execPath, ['--test-reporter', 'tap', program, backend], {
    encoding: 'utf8',
    env,
    maxBuffer: 2 ** 26,
  });
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
  const skipped = [...stdout.matchAll(/ - \(left out: (.*)\) # SKIP/g)].map(([, part]) => String(part));
  return { exitCode: status, pass: count('pass'), fail: count('fail'), skipped };
}

describe('the conformance suite under node:test', () => {
  it('passes for the memory backend, and says what it left out', () => {
    const { exitCode, pass, fail, skipped } = run('memory');
    expect({ exitCode, fail }).toEqual({ exitCode: 0, fail: 0 });
    expect(pass).toBeGreaterThan(200);
    expect(skipped.map((part) => part.split(' ').at(-1))).toEqual(['reopening', 'durability', 'backup']);
  });

  it('passes for SQLite', () => {
    const { exitCode, pass, fail, skipped } = run('sqlite');
    expect({ exitCode, fail }).toEqual({ exitCode: 0, fail: 0 });
    expect(pass).toBeGreaterThan(200);
    expect(skipped.map((part) => part.split(' ').at(-1))).toEqual(['durability', 'backup']);
  });

  it('fails for a backend with a defect', () => {
    const { exitCode, fail } = run('broken');
    expect(exitCode).toBe(1);
    expect(fail).toBeGreaterThan(0);
  });
});
