/** The writing process of the full-disk harness: fills the space, reads on, gets space back and goes on, all with one store. */
import { unlinkSync } from 'node:fs';
import { query, recordConnections } from './driver';
import { History } from '../history';
import { openSubject, type SubjectOptions } from '../subjects';
import { Writer } from './writer';

export interface FullDiskOptions {
  directory: string;
  subject: SubjectOptions;
  /** No more writes than this, full or not. */
  writes: number;
  /** What makes it full: pages that the database may have beyond those of the beginning, a file that takes the space, or whatever the process runs under. */
  space: { pages: number } | { filler: string } | 'limited';
}

export async function fullDisk({ directory, subject: options, writes, space }: FullDiskOptions): Promise<void> {
  const connections = typeof space === 'object' && 'pages' in space ? recordConnections() : [];
  const history = new History();
  const writer = new Writer(history);
  const subject = await openSubject(directory, options, history.actors);
  if (typeof space === 'object' && 'pages' in space) {
    const pages = Number(await query(connections[0]!, 'PRAGMA page_count')) + space.pages;
    for (const connection of connections) await query(connection, `PRAGMA max_page_count = ${pages}`);
  }
  while (writer.ordinal < writes && writer.rejected < 20) await writer.burst(subject, 1 + (writer.ordinal % 8));
  if (writer.rejected > 0) writer.say('full');
  await writer.view(subject);
  if (space !== 'limited') {
    if ('filler' in space) unlinkSync(space.filler);
    else for (const connection of connections) await query(connection, 'PRAGMA max_page_count = 1000000');
    const before = writer.rejected;
    await writer.burst(subject, 16);
    if (writer.rejected > before) writer.say('stuck');
    await writer.view(subject);
  }
  await writer.stop(subject);
}
