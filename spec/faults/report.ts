/** The table that a run prints. */
import type { Symptom, Tally } from './tally';

/** One line of the table. */
export interface Row {
  harness: string;
  tally: Tally;
  /** The same harness on a program that does it wrong. */
  control: Tally;
  /** What it must find there, all of it. */
  must: readonly Symptom[];
  /** What the control does wrong. */
  wrong: string;
}

/** One line for each harness. `acknowledged` counts what was demanded, over all points. */
export function reportOf(rows: readonly Row[]): string {
  const columns = ['harness', 'points', 'acknowledged', 'lost', 'half-applied', 'ghosts', 'hung', 'control'];
  return table(
    columns,
    rows.map(({ harness, tally, wrong, control, must }) => [
      harness,
      ...[tally.points, tally.acknowledged, tally.lost, tally.half, tally.ghosts, tally.hung].map((count) =>
        count.toLocaleString('en'),
      ),
      `${wrong}: ${must.every((symptom) => control.shows(symptom)) ? control.summary() : 'NOT FOUND'}`,
    ]),
  );
}

/** A Markdown table, padded so that it reads as text as well. */
export function table(columns: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...lines.map((line) => line[at]!.length)));
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [row(columns), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}
