/** What a writing process says about its writes, line by line, and what its reader makes of it. */
import type { History, Judgement, Outcome, Rows } from './history';

/**
 * `ok 17`, `no 18 ENTRY_NOT_FOUND`, `unknown 19` when the promise of a write settles; `fenced` when one has resolved that changed nothing; `view [[row, digest], …]` for what the process reads; `left 2` at the end when so
 * many promises have not settled. Anything else is a remark.
 */
export class Journal {
  readonly outcomes: Outcome[] = [];
  readonly remarks: string[] = [];
  /** Promises that had not settled when the process ran out of work. */
  left = 0;
  /** What the views showed: reads that contradict an acknowledgement. */
  readonly contradictions: string[] = [];
  #fenced = 0;
  #unknown: number[] = [];

  constructor(
    readonly history: History,
    writes: number,
  ) {
    this.outcomes = Array.from({ length: writes }, () => 'pending');
  }

  read(line: string): void {
    const [word, argument] = line.split(' ', 2) as [string, string | undefined];
    const ordinal = Number(argument);
    if (word === 'ok') {
      this.outcomes[ordinal] = 'acknowledged';
      this.#fenced = this.#unknown.length;
    } else if (word === 'no') {
      this.outcomes[ordinal] = 'rejected';
      this.remarks.push(line);
    } else if (word === 'unknown') {
      this.outcomes[ordinal] = 'unknown';
      this.#unknown.push(ordinal);
      this.remarks.push(line);
    } else if (word === 'fenced') {
      this.#fenced = this.#unknown.length;
      this.remarks.push(line);
    } else if (word === 'view') this.#view(new Map(JSON.parse(line.slice(5)) as [string, string][]));
    else if (word === 'left') this.left = ordinal;
    else this.remarks.push(line);
  }

  judge(rows: Rows, relaxed = false): Judgement {
    return this.history.judge(rows, this.outcomes, relaxed);
  }

  /** From the write that resolved next on, a write of unknown outcome is what reads show. */
  #view(rows: Rows): void {
    for (const ordinal of this.#unknown.splice(0, this.#fenced)) {
      this.outcomes[ordinal] = rows.has(this.history.markOf(ordinal)) ? 'acknowledged' : 'rejected';
    }
    this.#fenced = 0;
    const { lost, half, ghosts } = this.judge(rows);
    if (lost + half + ghosts > 0) this.contradictions.push(`a view shows ${lost} lost, ${half} half, ${ghosts} ghosts`);
  }
}
