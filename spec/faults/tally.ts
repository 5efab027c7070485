import type { Judgement } from './history';

/** What a harness may find. */
export type Symptom = 'lost' | 'half' | 'ghosts' | 'hung' | RegExp;

/** What a harness found, over all its points. */
export class Tally {
  points = 0;
  acknowledged = 0;
  lost = 0;
  half = 0;
  ghosts = 0;
  hung = 0;
  /** Whatever else is wrong, and where each fault was found. */
  readonly findings: string[] = [];

  add(judgement: Judgement, where: string): void {
    const { acknowledged, lost, half, ghosts, holes } = judgement;
    this.acknowledged += acknowledged;
    this.lost += lost + holes;
    this.half += half;
    this.ghosts += ghosts;
    if (lost + half + ghosts + holes > 0) {
      this.findings.push(`${where}: ${lost} lost, ${holes} holes, ${half} half-applied, ${ghosts} ghosts`);
    }
  }

  get clean(): boolean {
    return this.lost + this.half + this.ghosts + this.hung + this.findings.length === 0;
  }

  /** Whether it found this: a count above zero, or a finding that says so. */
  shows(what: Symptom): boolean {
    return what instanceof RegExp ? this.findings.some((finding) => what.test(finding)) : this[what] > 0;
  }

  /** What made it red, in a few words. */
  summary(): string {
    const parts = [
      [this.lost, 'lost'],
      [this.half, 'half-applied'],
      [this.ghosts, 'ghosts'],
      [this.hung, 'hung'],
    ] as const;
    const counts = parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString('en')} ${what}`);
    const { length } = this.findings;
    return counts.length > 0 ? counts.join(', ') : `${length} finding${length === 1 ? '' : 's'}`;
  }
}

/** Several runs of one harness as one. */
export function combined(...tallies: readonly Tally[]): Tally {
  const all = new Tally();
  for (const tally of tallies) {
    all.points += tally.points;
    all.acknowledged += tally.acknowledged;
    all.lost += tally.lost;
    all.half += tally.half;
    all.ghosts += tally.ghosts;
    all.hung += tally.hung;
    all.findings.push(...tally.findings);
  }
  return all;
}
