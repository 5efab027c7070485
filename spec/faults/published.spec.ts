import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/bundle';

const text = readFileSync(join(projectRoot(), 'docs', 'reliability.md'), 'utf8');

/** The rows of the table that has this first column, cell by cell. */
function tableOf(first: string): string[][] {
  const [, rows = ''] = new RegExp(`^\\| ${first} .*\\n\\|[- |]*\\n((?:\\|.*\\n)+)`, 'm').exec(text) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) => row.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
}

const run = new Map(tableOf('harness +\\| points').map(([harness = '', ...cells]) => [harness, cells]));
const points = (harness: string): number => Number(run.get(harness)?.[0]?.replaceAll(',', ''));

describe('the published run of the harnesses', () => {
  it('found nothing, and every control was found out', () => {
    expect(run.size).toBeGreaterThan(10);
    for (const [harness, [, , ...faults]] of run) {
      const control = faults.pop();
      expect([harness, ...faults]).toEqual([harness, '0', '0', '0', '0']);
      expect(control).toMatch(/: (?!NOT FOUND)\S/);
    }
  });

  it.each([
    ['random kill', 200],
    ['placed kill', 400],
    ['power cut, durable', 5000],
    ['power cut, relaxed', 5000],
    ['I/O error', 500],
    ['I/O error, then nothing new', 100],
    ['churn of 10,000 actors', 10_000],
  ])('struck at enough points: %s', (harness, least) => {
    expect(points(harness)).toBeGreaterThanOrEqual(least);
  });

  it.each(tableOf('harness +\\| what it does').map(([harness]) => [harness!]))(
    'has a row for what is described: %s',
    (harness) => {
      expect([...run.keys()].filter((name) => name.startsWith(harness))).not.toEqual([]);
    },
  );

  it('has a soak of at least five minutes', () => {
    const samples = tableOf('seconds +\\| operations');
    expect(Number(samples.at(-1)?.[0])).toBeGreaterThanOrEqual(300);
  });
});
