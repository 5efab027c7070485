/** The writes of a manager, waiting in the order of the calls. Knows no SQL: a group goes to whoever commits it. */
import PQueue from 'p-queue';
import { StoreOperationError } from '../errors';
import type { Write } from '../batch';
import { placeOf } from './failures';
import { endOfMicrotasks } from './microtasks';
import type { WriteCall, WriteFailure } from './write-plan';

/** Bounds of a group, so that one burst does not delay its first caller. A call is never divided. */
const MAX_GROUP_WRITES = 256;
const MAX_GROUP_BYTES = 2 ** 20;
/** What a queued operation costs beside its bytes. */
const OPERATION_BYTES = 128;

interface QueuedCall extends WriteCall {
  readonly bytes: number;
}

/** Commits a group and settles its calls; never rejects. `bytes` is the size of the group. */
type CommitGroup = (calls: readonly WriteCall[], bytes: number) => Promise<void>;

/**
 * Forms groups without timers: what piles up while one group is being committed is the next. p-queue runs the groups, and the other work of the
 * writer, one at a time in the order of the calls.
 */
export class WriteQueue {
  readonly #tasks = new PQueue({ concurrency: 1 });
  readonly #commit: CommitGroup;
  readonly #maxBytes: number;
  readonly #path: string;
  #waiting: QueuedCall[] = [];
  /** Bytes queued or in flight. */
  #bytes = 0;
  /** A task is queued or running that will take what is waiting. */
  #committing = false;

  /** `path` is what errors name. */
  constructor(commit: CommitGroup, maxBytes: number, path: string) {
    this.#commit = commit;
    this.#maxBytes = maxBytes;
    this.#path = path;
  }

  /**
   * Queues the writes of one call. Resolves when they are committed, or to why they are not; never rejects. Throws `StoreOperationError`
   * (`queue_full`), and queues nothing, when they do not fit; into an empty queue everything fits.
   */
  add(writes: readonly Write[]): Promise<WriteFailure | undefined> {
    const bytes = sizeOf(writes);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw new StoreOperationError(
        'queue_full',
        `${this.#bytes} bytes are waiting to be written, ${bytes} more would exceed the limit of ${this.#maxBytes}: await earlier writes first`,
        { path: this.#path, ...(writes.length === 1 ? placeOf(writes[0]) : {}) },
      );
    }
    this.#bytes += bytes;
    return new Promise((resolve) => {
      const settle = (failure: WriteFailure | undefined): void => {
        this.#bytes -= bytes;
        resolve(failure);
      };
      this.#waiting.push({ writes, bytes, settle });
      this.#ensureGroup();
    });
  }

  /** Runs other work of the writer in its turn. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#tasks.add(task);
  }

  /** Resolves when everything queued has been settled. */
  drain(): Promise<void> {
    return this.#tasks.onIdle();
  }

  #ensureGroup(): void {
    if (this.#committing || this.#waiting.length === 0) return;
    this.#committing = true;
    void this.#tasks.add(() => this.#commitGroups());
  }

  /** One task for as long as writes keep coming and nobody else waits for the writer: a task for each group would cost more than its turn. */
  async #commitGroups(): Promise<void> {
    await endOfMicrotasks();
    do {
      const { group, bytes } = this.#takeGroup();
      try {
        await this.#commit(group, bytes);
      } catch (cause) {
        // It does not; but a write that never settles would be worse than one whose outcome nobody knows.
        for (const call of group) call.settle({ reason: 'failed', index: undefined, cause, outcomeUnknown: true });
      }
      await endOfMicrotasks();
    } while (this.#waiting.length > 0 && this.#tasks.size === 0);
    this.#committing = false;
    this.#ensureGroup();
  }

  #takeGroup(): { group: QueuedCall[]; bytes: number } {
    let count = 0;
    let writes = 0;
    let bytes = 0;
    for (const call of this.#waiting) {
      if (count > 0 && (writes + call.writes.length > MAX_GROUP_WRITES || bytes + call.bytes > MAX_GROUP_BYTES)) break;
      count++;
      writes += call.writes.length;
      bytes += call.bytes;
    }
    if (count === this.#waiting.length) {
      const group = this.#waiting;
      this.#waiting = [];
      return { group, bytes };
    }
    return { group: this.#waiting.splice(0, count), bytes };
  }
}

/** A character of a key counts as one byte: to measure it exactly would cost as much as the rest of the queue. */
function sizeOf(writes: readonly Write[]): number {
  let bytes = 0;
  for (const write of writes) {
    bytes += OPERATION_BYTES;
    if (write.kind === 'erase') bytes += (write.start?.length ?? 0) + (write.end?.length ?? 0);
    else bytes += (write.key?.length ?? 0) + (write.kind === 'del' ? 0 : write.data.length);
  }
  return bytes;
}
