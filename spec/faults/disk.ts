/** What a disk may hold after a power cut, by the log of faultfs.c. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from './random';

/** The kinds of faultfs.c. */
const KINDS = [undefined, 'write', 'truncate', 'sync', 'unlink', 'mkdir', 'create', 'loss', 'link'] as const;

export interface LogRecord {
  kind: NonNullable<(typeof KINDS)[number]>;
  /** Below the logged directory; the directory itself is ''. */
  path: string;
  /** Of a write; a truncate's new length. */
  offset: number;
  /** Of a write; a link's older name. */
  data: Buffer;
}

export function* recordsOf(log: Buffer): Generator<LogRecord> {
  for (let at = 0; at < log.length;) {
    const pathLength = log.readUInt32LE(at + 4);
    const data = at + 24 + pathLength;
    const end = data + Number(log.readBigUInt64LE(at + 16));
    const path = log.toString('utf8', at + 24, data);
    yield {
      kind: KINDS[log.readUInt32LE(at)]!,
      path,
      offset: Number(log.readBigUInt64LE(at + 8)),
      data: log.subarray(data, end),
    };
    at = end;
  }
}

/** Disks write a sector whole or not at all. */
const SECTOR = 512;

type Change = { offset: number; data: Buffer } | { length: number };

class Content {
  #bytes = Buffer.alloc(4096);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  apply(change: Change): void {
    if ('length' in change) this.#resize(change.length);
    else {
      this.#resize(Math.max(this.#length, change.offset + change.data.length));
      change.data.copy(this.#bytes, change.offset);
    }
  }

  copy(): Content {
    const copy = new Content();
    copy.apply({ offset: 0, data: this.bytes });
    return copy;
  }

  #resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * length);
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    if (length < this.#length) this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }
}

class FileNode {
  /** What was synced, and what was done since. */
  readonly synced = new Content();
  readonly current = new Content();
  pending: Change[] = [];

  apply(change: Change): void {
    this.current.apply(change);
    this.pending.push(change);
  }

  sync(): void {
    for (const change of this.pending) this.synced.apply(change);
    this.pending = [];
  }

  /**
   * A sync failed. The cache goes on showing what it should have written, but takes it for written: no later sync writes it again
   * (https://wiki.postgresql.org/wiki/Fsync_Errors).
   */
  lose(): void {
    this.pending = [];
  }

  /** Any part of what was not synced may be there, in sectors. */
  torn(random: Random): Buffer {
    const content = this.synced.copy();
    const odds = random.pick([1, 5, 9]);
    for (const change of this.pending) {
      if ('length' in change) {
        if (random.below(10) < odds) content.apply(change);
        continue;
      }
      for (let from = 0; from < change.data.length;) {
        const to = Math.min(change.data.length, from + SECTOR - ((change.offset + from) % SECTOR));
        if (random.below(10) < odds) {
          content.apply({ offset: change.offset + from, data: change.data.subarray(from, to) });
        }
        from = to;
      }
    }
    return content.bytes;
  }
}

type Node = FileNode | 'directory';
type Names = Map<string, Node>;

/**
 * A disk with a cache that the power cut empties. Contents become durable by a sync of the file, names by a sync of their directory: the
 * strictest reading of POSIX.
 */
export class Disk {
  readonly #names: Names = new Map([['', 'directory']]);
  readonly #syncedNames: Names = new Map(this.#names);
  #pendingNames: { path: string; node: Node | undefined }[] = [];

  /** What was on the disk before the log begins. */
  hold(path: string, content: Buffer | 'directory'): void {
    const node = content === 'directory' ? content : new FileNode();
    if (node !== 'directory' && content !== 'directory') {
      node.apply({ offset: 0, data: content });
      node.sync();
    }
    this.#names.set(path, node);
    this.#syncedNames.set(path, node);
  }

  apply({ kind, path, offset, data }: LogRecord): void {
    if (kind === 'create') this.#name(path, new FileNode());
    else if (kind === 'link') this.#name(path, this.#file(data.toString()));
    else if (kind === 'mkdir') this.#name(path, 'directory');
    else if (kind === 'unlink') this.#name(path, undefined);
    else if (kind === 'sync' && this.#names.get(path) === 'directory') this.#syncNames(path);
    else if (kind === 'sync') this.#file(path).sync();
    else if (kind === 'loss' && this.#names.get(path) === 'directory') return;
    else if (kind === 'loss') this.#file(path).lose();
    else this.#file(path).apply(kind === 'write' ? { offset, data } : { length: offset });
  }

  /** Whether a power cut now would lose anything at all. */
  get settled(): boolean {
    if (this.#pendingNames.length > 0) return false;
    for (const node of this.#names.values()) if (node !== 'directory' && node.pending.length > 0) return false;
    return true;
  }

  /** Writes a state to an empty directory: all that was done, only what was synced, or that and a random part of the rest. */
  writeTo(directory: string, state: 'all' | 'none' | Random): void {
    const names = state === 'all' ? this.#names : new Map(this.#syncedNames);
    if (typeof state === 'object') {
      const kept = this.#pendingNames.slice(0, state.below(this.#pendingNames.length + 1));
      for (const { path, node } of kept) rename(names, path, node);
    }
    for (const [path, node] of [...names].sort()) {
      if (path !== '' && names.get(parentOf(path)) !== 'directory') names.delete(path);
      else if (node === 'directory') mkdirSync(join(directory, path), { recursive: true });
      else {
        const content = state === 'all' ? node.current : node.synced;
        writeFileSync(join(directory, path), typeof state === 'object' ? node.torn(state) : content.bytes);
      }
    }
  }

  #name(path: string, node: Node | undefined): void {
    rename(this.#names, path, node);
    this.#pendingNames.push({ path, node });
  }

  #syncNames(directory: string): void {
    const inside = this.#pendingNames.filter(({ path }) => parentOf(path) === directory);
    for (const { path, node } of inside) rename(this.#syncedNames, path, node);
    this.#pendingNames = this.#pendingNames.filter((name) => !inside.includes(name));
  }

  #file(path: string): FileNode {
    const node = this.#names.get(path);
    if (node === undefined || node === 'directory') throw new Error(`the log writes to ${path}, which nobody made`);
    return node;
  }
}

function rename(names: Names, path: string, node: Node | undefined): void {
  if (node === undefined) names.delete(path);
  else names.set(path, node);
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === '.' ? '' : parent;
}
