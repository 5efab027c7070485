/**
 * A small actor system: one message at a time for each actor, events first, recovery by snapshot + later events.
 *
 * An answer is given after the event it stands for has been committed, so what was answered survives whatever ends the process. A message may
 * carry an id; sent again with the same id, because its answer never came, it is answered again and not applied again.
 */
import { StoreOperationError } from 'ave-actors-sqlite';
import { keyOf, sequenceOf } from '../shared/sequence.mjs';

/** @typedef {import('ave-actors-sqlite').DbManager} DbManager */
/** @typedef {import('ave-actors-sqlite').Collection} Collection */
/** @typedef {import('ave-actors-sqlite').State} State */

/**
 * What the actors of a system do. `decide` and `apply` are pure: recovery runs `apply` again.
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
 * @property {(name: string, error: unknown) => void} [onRestart] an actor failed; its next message finds it recovered from the store
 */

/**
 * @template S
 * @typedef {object} Answer
 * @property {number} sequence the number of the event that the message led to
 * @property {S} state the actor's state now
 * @property {boolean} repeated the message had been applied before
 */

/** A message that the actor's rules do not allow. Nothing is written and the actor goes on as it was. */
export class Refusal extends Error {}

/** How many of its latest messages an actor recognises when they are sent again. */
const REMEMBERED = 64;

/**
 * @template S, M, E
 */
export class ActorSystem {
  #store;
  #behaviour;
  #options;
  /** The actor used last is the last. @type {Map<string, Actor<S, M, E>>} */
  #actors = new Map();
  #stopped = false;

  /**
   * @param {DbManager} store stays the caller's: stop the system first, then the store
   * @param {Behaviour<S, M, E>} behaviour
   * @param {SystemOptions} [options]
   */
  constructor(store, behaviour, { snapshotEvery = 50, maxAlive = 100_000, onRestart = () => undefined } = {}) {
    this.#store = store;
    this.#behaviour = behaviour;
    this.#options = { snapshotEvery, maxAlive, onRestart };
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
    return this.#actor(name).ask(message, id);
  }

  /**
   * The state after every message sent before; a sequence of 0 says that the actor has no events.
   * @param {string} name
   * @returns {Promise<{ sequence: number, state: S }>}
   */
  async read(name) {
    return this.#actor(name).read();
  }

  /** Refuses new messages, then waits for those sent before. */
  async stop() {
    this.#stopped = true;
    await Promise.all([...this.#actors.values()].map((actor) => actor.idle()));
  }

  /** @param {string} name */
  #actor(name) {
    if (this.#stopped) throw new StoreOperationError('stopped', 'the actor system is stopped');
    const { snapshotEvery, maxAlive, onRestart } = this.#options;
    let actor = this.#actors.get(name);
    if (actor === undefined) {
      if (this.#actors.size >= maxAlive) this.#passivate();
      actor = new Actor(this.#store, name, this.#behaviour, snapshotEvery, (error) => onRestart(name, error));
    } else {
      this.#actors.delete(name);
    }
    this.#actors.set(name, actor);
    return actor;
  }

  /** Lets the idle actor go that was unused for longest. Its state is in the store. */
  #passivate() {
    for (const [name, actor] of this.#actors) {
      if (actor.isIdle) {
        this.#actors.delete(name);
        return;
      }
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
  /** @type {{ events: Collection, snapshot: State } | undefined} */
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

  get isIdle() {
    return this.#waiting === 0;
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
    const before = id === undefined ? undefined : memory.answered.get(id);
    if (before !== undefined) return { sequence: before, state: memory.state, repeated: true };

    const event = this.#behaviour.decide(memory.state, message);
    const next = this.#after(memory, { event, id });
    await this.#append(next, { event, id });
    // Only now: the actor never shows, and never answers with, what is not in the file.
    this.#memory = next;
    return { sequence: next.sequence, state: next.state, repeated: false };
  }

  /**
   * The event and, every so often, the snapshot that covers it: both or none.
   * @param {Memory<S>} next
   * @param {Stored<E>} stored
   */
  async #append({ sequence, state, answered }, stored) {
    const { events, snapshot } = await this.#open();
    const key = keyOf(sequence);
    const data = Buffer.from(JSON.stringify(stored));
    if (sequence % this.#snapshotEvery !== 0) return events.insert(key, data);
    const covering = Buffer.from(JSON.stringify({ sequence, state, answered: [...answered] }));
    return this.#store.writeBatch([
      // insert, not put: were there two owners of this log by mistake, the second would be told and overwrite nothing.
      { type: 'insert', target: events, key, data },
      { type: 'put', target: snapshot, data: covering },
    ]);
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
    let memory = { sequence: 0, state: this.#behaviour.initial, answered: new Map() };
    if (covering !== undefined) {
      const { sequence, state, answered } = JSON.parse(covering.toString());
      memory = { sequence, state, answered: new Map(answered) };
    }
    for await (const [key, data] of events.iterRange(keyOf(memory.sequence + 1))) {
      memory = { ...this.#after(memory, JSON.parse(data.toString())), sequence: sequenceOf(key) };
    }
    return memory;
  }

  /** @param {unknown} error */
  #restart(error) {
    this.#memory = undefined;
    if (error instanceof StoreOperationError && error.outcomeUnknown) this.#inDoubt = true;
    this.#onRestart(error);
  }

  /**
   * @param {Memory<S>} memory
   * @param {Stored<E>} stored
   * @returns {Memory<S>}
   */
  #after({ sequence, state, answered }, { event, id }) {
    const next = { sequence: sequence + 1, state: this.#behaviour.apply(state, event), answered };
    if (id === undefined) return next;
    return { ...next, answered: new Map([...answered].slice(1 - REMEMBERED)).set(id, next.sequence) };
  }

  /** Handles are cheap: no connection, no file is opened for them. */
  async #open() {
    if (this.#handles === undefined) {
      const [events, snapshot] = await Promise.all([
        this.#store.createCollection('events', this.#name),
        this.#store.createState('snapshots', this.#name),
      ]);
      this.#handles = { events, snapshot };
    }
    return this.#handles;
  }
}

/**
 * @template S
 * @typedef {object} Memory
 * @property {number} sequence of the last event
 * @property {S} state
 * @property {ReadonlyMap<string, number>} answered the sequence numbers that the latest messages led to, by the messages' ids
 */

/**
 * @template E
 * @typedef {{ event: E, id?: string | undefined }} Stored
 */
