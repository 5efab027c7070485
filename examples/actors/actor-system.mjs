/**
 * A small actor system: one message at a time for each actor, events first, recovery by snapshot + later events.
 *
 * An answer is given after the event it stands for has been committed, so what was answered survives whatever ends the process. A message may
 * carry an id. The id is inserted in the batch of the event: sent again with the same id, because its answer never came, a message is never
 * applied again, however much later.
 */
import { StoreOperationError } from 'ave-actors-sqlite';
import { keyOf, sequenceOf } from '../shared/sequence.mjs';

/** @typedef {import('ave-actors-sqlite').BatchOperation} BatchOperation */
/** @typedef {import('ave-actors-sqlite').DbManager} DbManager */
/** @typedef {import('ave-actors-sqlite').Collection} Collection */
/** @typedef {import('ave-actors-sqlite').State} State */

/**
 * What the actors of a system do. `decide` and `apply` are pure, and change no state in place: recovery runs `apply` again.
 * @template S, M, E
 * @typedef {object} Behaviour
 * @property {S} initial the state of an actor that has no events
 * @property {(state: S, message: M) => E} decide the event that the message leads to; throws a Refusal when there is none
 * @property {(state: S, event: E) => S} apply the state after the event
 */

/**
 * @typedef {object} SystemOptions
 * @property {number} [snapshotEvery] events between two snapshots of an actor; recovery reads at most so many. Default: 50
 * @property {number} [maxAlive] actors kept in memory; beyond it, the ones unused for longest leave. Default: 100,000
 * @property {number} [maxWaiting] messages sent and not yet answered; beyond it, messages are refused with `queue_full`. Default: 10,000
 * @property {(name: string, error: unknown) => void} [onRestart] an actor failed; its next message finds it recovered from the store
 */

/**
 * @template S
 * @typedef {object} Answer
 * @property {number} sequence the number of the actor's last event: the one that the message led to, unless it is a repetition
 * @property {S} state the state after that event
 * @property {boolean} repeated a message with this id had been applied before
 */

/** A message that the actor's rules do not allow. Nothing is written and the actor goes on as it was. */
export class Refusal extends Error {}

/**
 * @template S, M, E
 */
export class ActorSystem {
  #store;
  #behaviour;
  #options;
  /** The actor used last is the last. @type {Map<string, Actor<S, M, E>>} */
  #actors = new Map();
  #waiting = 0;
  #stopped = false;

  /**
   * @param {DbManager} store stays the caller's: stop the system first, then the store
   * @param {Behaviour<S, M, E>} behaviour
   * @param {SystemOptions} [options]
   */
  constructor(
    store,
    behaviour,
    { snapshotEvery = 50, maxAlive = 100_000, maxWaiting = 10_000, onRestart = () => undefined } = {},
  ) {
    this.#store = store;
    this.#behaviour = behaviour;
    this.#options = { snapshotEvery, maxAlive, maxWaiting, onRestart };
  }

  /** The number of actors in memory. */
  get alive() {
    return this.#actors.size;
  }

  /**
   * Sends a message. Resolves after its event has been committed; rejects with a Refusal, or with the error that kept it from being written.
   * @param {string} name
   * @param {M} message
   * @param {string} [id]
   * @returns {Promise<Answer<S>>}
   */
  async ask(name, message, id) {
    return this.#with(name, (actor) => actor.ask(message, id));
  }

  /**
   * The state after every message sent before; a sequence of 0 says that the actor has no events.
   * @param {string} name
   * @returns {Promise<{ sequence: number, state: S }>}
   */
  async read(name) {
    return this.#with(name, (actor) => actor.read());
  }

  /** Refuses new messages, then waits for those sent before. */
  async stop() {
    this.#stopped = true;
    await Promise.all([...this.#actors.values()].map((actor) => actor.idle()));
  }

  /**
   * @template R
   * @param {string} name
   * @param {(actor: Actor<S, M, E>) => Promise<R>} send
   */
  async #with(name, send) {
    if (this.#stopped) throw new StoreOperationError('stopped', 'the actor system is stopped');
    if (this.#waiting >= this.#options.maxWaiting) {
      throw new StoreOperationError('queue_full', `${this.#waiting} messages wait for their actors`);
    }
    this.#waiting += 1;
    try {
      return await send(this.#actor(name));
    } finally {
      this.#waiting -= 1;
      this.#passivate();
    }
  }

  /** @param {string} name */
  #actor(name) {
    const { snapshotEvery, onRestart } = this.#options;
    const actor =
      this.#actors.get(name) ??
      new Actor(this.#store, name, this.#behaviour, snapshotEvery, (error) => onRestart(name, error));
    this.#actors.delete(name);
    this.#actors.set(name, actor);
    return actor;
  }

  /** Lets idle actors go, the one unused for longest first, until no more than `maxAlive` are left. Their state is in the store. */
  #passivate() {
    for (const [name, actor] of this.#actors) {
      if (this.#actors.size <= this.#options.maxAlive) return;
      if (actor.isIdle) this.#actors.delete(name);
    }
  }
}

/**
 * @template S, M, E
 */
class Actor {
  #store;
  #name;
  #behaviour;
  #snapshotEvery;
  #onRestart;
  /** @type {{ events: Collection, messages: Collection, snapshot: State } | undefined} */
  #handles;
  /** What is in the store, in memory; undefined until it is recovered. @type {Memory<S> | undefined} */
  #memory;
  /** A write failed in a way that leaves open whether it is in the store. */
  #inDoubt = false;
  /** Settles with the last message in the mailbox. @type {Promise<unknown>} */
  #last = Promise.resolve();
  #waiting = 0;

  /**
   * @param {DbManager} store
   * @param {string} name
   * @param {Behaviour<S, M, E>} behaviour
   * @param {number} snapshotEvery
   * @param {(error: unknown) => void} onRestart
   */
  constructor(store, name, behaviour, snapshotEvery, onRestart) {
    this.#store = store;
    this.#name = name;
    this.#behaviour = behaviour;
    this.#snapshotEvery = snapshotEvery;
    this.#onRestart = onRestart;
  }

  /** Nothing is lost when it goes: no message waits, and no doubt about a write. */
  get isIdle() {
    return this.#waiting === 0 && !this.#inDoubt;
  }

  async idle() {
    await this.#last;
  }

  /**
   * @param {M} message
   * @param {string | undefined} id
   */
  ask(message, id) {
    return this.#inTurn((memory) => this.#receive(memory, message, id));
  }

  read() {
    return this.#inTurn(async ({ sequence, state }) => ({ sequence, state }));
  }

  /**
   * The mailbox: runs `task` when the messages before it are done. Whatever goes wrong, other than a refusal, restarts the actor.
   * @template R
   * @param {(memory: Memory<S>) => Promise<R>} task
   * @returns {Promise<R>}
   */
  #inTurn(task) {
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      try {
        return await task((this.#memory ??= await this.#recover()));
      } catch (error) {
        if (!(error instanceof Refusal)) this.#restart(error);
        throw error;
      } finally {
        this.#waiting -= 1;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * @param {Memory<S>} memory
   * @param {M} message
   * @param {string | undefined} id
   * @returns {Promise<Answer<S>>}
   */
  async #receive(memory, message, id) {
    if (id !== undefined && (await this.#isApplied(id, message))) return { ...memory, repeated: true };
    const event = this.#behaviour.decide(memory.state, message);
    const next = { sequence: memory.sequence + 1, state: this.#behaviour.apply(memory.state, event) };
    await this.#append(next, event, message, id);
    // Only now: the actor never shows, and never answers with, what is not in the file.
    this.#memory = next;
    return { ...next, repeated: false };
  }

  /**
   * @param {string} id
   * @param {M} message
   */
  async #isApplied(id, message) {
    const { messages } = await this.#open();
    const applied = await messages.find(id);
    if (applied === undefined) return false;
    if (!applied.equals(encode(message))) throw new Refusal('another message had this id');
    return true;
  }

  /**
   * The event, the id of its message and, every so often, the snapshot that covers it: all or none.
   * @param {Memory<S>} next
   * @param {E} event
   * @param {M} message
   * @param {string | undefined} id
   */
  async #append(next, event, message, id) {
    const { events, messages, snapshot } = await this.#open();
    // insert, not put: were there two owners of this log by mistake, the second would be told and overwrite nothing.
    // compact.mjs takes that from an owner that has fallen behind a snapshot: it is for logs of one owner.
    /** @type {BatchOperation[]} */
    const batch = [{ type: 'insert', target: events, key: keyOf(next.sequence), data: encode({ event, id }) }];
    if (id !== undefined) batch.push({ type: 'insert', target: messages, key: id, data: encode(message) });
    if (next.sequence % this.#snapshotEvery === 0) batch.push({ type: 'put', target: snapshot, data: encode(next) });
    await this.#store.writeBatch(batch);
  }

  /** @returns {Promise<Memory<S>>} */
  async #recover() {
    const { events, snapshot } = await this.#open();
    if (this.#inDoubt) {
      // The write in doubt is there or not for good once another write of the same store has resolved; one that deletes nothing will do.
      await events.delRange('', '');
      this.#inDoubt = false;
    }
    const covering = await snapshot.find();
    /** @type {Memory<S>} */
    const memory =
      covering === undefined ? { sequence: 0, state: this.#behaviour.initial } : JSON.parse(covering.toString());
    for await (const [key, data] of events.iterRange(keyOf(memory.sequence + 1))) {
      memory.sequence += 1;
      if (sequenceOf(key) !== memory.sequence) throw new Error(`${this.#name} has no event ${memory.sequence}`);
      memory.state = this.#behaviour.apply(memory.state, JSON.parse(data.toString()).event);
    }
    return memory;
  }

  /** @param {unknown} error */
  #restart(error) {
    this.#memory = undefined;
    if (error instanceof StoreOperationError && error.outcomeUnknown) this.#inDoubt = true;
    this.#onRestart(error);
  }

  /** Handles are cheap: no connection, no file is opened for them. */
  async #open() {
    if (this.#handles === undefined) {
      const [events, messages, snapshot] = await Promise.all([
        this.#store.createCollection('events', this.#name),
        this.#store.createCollection('messages', this.#name),
        this.#store.createState('snapshots', this.#name),
      ]);
      this.#handles = { events, messages, snapshot };
    }
    return this.#handles;
  }
}

/**
 * @template S
 * @typedef {{ sequence: number, state: S }} Memory the number of the last event, and the state after it
 */

/** @param {unknown} value */
function encode(value) {
  return Buffer.from(JSON.stringify(value));
}
