/** Disk full: nothing half-applied, reads go on, and when there is space again the same store goes on writing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FullDiskOptions } from '../process/full-disk';
import { History } from '../history';
import { judgeEnded } from '../inspect';
import { Journal } from '../journal';
import { forEach, type HowToRun, type Workshop } from '../processes';
import type { SubjectOptions } from '../subjects';
import { Tally } from '../tally';

const WRITES = 400;
const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

export interface DiskFull {
  subject: SubjectOptions;
  /** So many limits of each kind. */
  points: number;
  /** Also on a small file system of its own, which takes root to mount. */
  mount: boolean;
}

export async function diskFull(workshop: Workshop, { subject, points, mount }: DiskFull): Promise<Tally> {
  const tally = new Tally();
  const history = new History();
  const fill = async (
    directory: string,
    space: FullDiskOptions['space'],
    code: number,
    how: HowToRun,
    where: string,
  ): Promise<void> => {
    const options = { directory, subject, writes: WRITES, space };
    const journal = new Journal(history, WRITES + 16);
    const ended = await workshop.run('fullDisk', options, { ...how, onLine: (line) => journal.read(line) });
    tally.points++;
    const rejections = journal.remarks.filter((remark) => /^(no|unknown) /.test(remark));
    if (rejections.length === 0) tally.findings.push(`${where}: the disk was never full`);
    for (const rejection of rejections) {
      const said = Number(rejection.split(' ')[3]);
      if ((said & 0xff) !== code) tally.findings.push(`${where}: not the error of a full disk: ${rejection}`);
    }
    for (const remark of journal.remarks) {
      if (/^(stuck|view-failed)/.test(remark)) tally.findings.push(`${where}: ${remark}`);
    }
    await judgeEnded(tally, ended, journal, { directory, subject }, where);
  };

  await forEach(Array(points).keys(), 2, async (point) => {
    const pages = 3 + 7 * point;
    await fill(join(workshop.directory(), 'store'), { pages }, SQLITE_FULL, {}, `${pages} pages more`);
  });
  // Windows has no such limit.
  await forEach(Array(process.platform === 'win32' ? 0 : points).keys(), 2, async (point) => {
    const kilobytes = 120 + 16 * point;
    // Node ignores the signal, so that the call that exceeds the limit fails. In units of 512 bytes.
    const through = ['sh', '-c', `ulimit -f ${2 * kilobytes}; exec "$@"`, 'sh'];
    await fill(
      join(workshop.directory(), 'store'),
      'limited',
      SQLITE_IOERR,
      { through },
      `files up to ${kilobytes} KiB`,
    );
  });
  for (let point = 0; mount && point < points; point++) {
    const kilobytes = 1000 + 12 * point;
    const directory = workshop.directory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', directory]);
    try {
      const filler = join(directory, 'filler');
      writeFileSync(filler, Buffer.alloc(656 * 1024));
      const store = join(directory, 'store');
      mkdirSync(store);
      await fill(store, { filler }, SQLITE_FULL, {}, `a file system of ${kilobytes} KiB`);
    } finally {
      execFileSync('umount', [directory]);
    }
  }
  return tally;
}

/** Why no file system can be mounted here, or undefined. */
export function whyNoMount(directory: string): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting takes root';
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]).status !== 0) {
    return 'this system lets nobody mount';
  }
  execFileSync('umount', [directory]);
  return undefined;
}
