/** The one value of one actor. */
import { purgeOf, readDel, readPut, type Target, type Write } from '../batch';
import type { State } from '../contracts';
import { EntryNotFoundError, GetError, reasonOf } from '../errors';
import type { StoreAccess } from './access';
import { writeError } from './failures';
import type { Found } from './shared-gets';
import type { WriteFailure } from './write-plan';

/** A state in SQLite. Made by `SqliteManager.createState`; holds no connection. See `State` for what each method promises. */
export class SqliteState implements State {
  readonly #access: StoreAccess;
  readonly #target: Target;

  /** @internal */
  constructor(access: StoreAccess, target: Target) {
    this.#access = access;
    this.#target = target;
  }

  get name(): string {
    return this.#target.name;
  }

  get prefix(): string {
    return this.#target.prefix;
  }

  async get(): Promise<Buffer> {
    const value = await this.find();
    if (value === undefined) throw new EntryNotFoundError(this.prefix, undefined, this.#context());
    return value;
  }

  async find(): Promise<Buffer | undefined> {
    this.#access.assertOpen();
    let found: Found;
    try {
      found = await this.#access.gets.get({ name: this.#target.table, shape: 'state' }, this.prefix, '');
    } catch (cause) {
      throw new GetError(this.prefix, reasonOf(cause), undefined, { ...this.#context(), cause });
    }
    if (found === undefined || Buffer.isBuffer(found)) return found;
    throw new GetError(this.prefix, 'the value in the file is not a BLOB', undefined, this.#context());
  }

  async put(data: Uint8Array): Promise<void> {
    this.#access.assertOpen();
    const write = readPut('put', this.#target, undefined, data);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async del(): Promise<void> {
    this.#access.assertOpen();
    const write = readDel(this.#target, undefined);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  async purge(): Promise<void> {
    this.#access.assertOpen();
    const write = purgeOf(this.#target);
    this.#settle(await this.#access.queue.add([write]), write);
  }

  #settle(failure: WriteFailure | undefined, write: Write): void {
    if (failure !== undefined) throw writeError(failure, write, this.#access.path);
  }

  #context(): { table: string; prefix: string; path: string } {
    return { table: this.name, prefix: this.prefix, path: this.#access.path };
  }
}
