/** A Fastify plugin that opens a store with its instance and stops it with it. */
import type { FastifyPluginAsync } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { SqliteManager, type SqliteManagerOptions } from '../index';

/** Where the store is, how it is opened, and where it is found. */
export interface ActorStoreOptions extends SqliteManagerOptions {
  /** The directory of the store, as for `SqliteManager.open`. */
  directory: string | URL;
  /**
   * The property of the instance that holds the store. Default: `actorStore`. Register the plugin once for each store, each with a name of its
   * own, and declare the names: `declare module 'fastify' { interface FastifyInstance { audit: SqliteManager } }`.
   */
  name?: string;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The store of a `fastifyActorStore` that was registered without a name. */
    actorStore: SqliteManager;
  }
}

const plugin: FastifyPluginAsync<ActorStoreOptions> = async (instance, options) => {
  const { directory, name = 'actorStore', logger = instance.log, ...storeOptions } = options;
  const store = await SqliteManager.open(directory, { ...storeOptions, logger });
  // Before the decoration, which throws when the name is taken: closing the instance then still stops the store.
  instance.addHook('onClose', () => store.stop());
  instance.decorate(name, store);
};

/**
 * Opens the store and decorates the instance with it, and with it the contexts inside: registered within a context, the store is seen there
 * alone. The boot fails with `CreateStoreError` when the store cannot be opened, and with Fastify's error when the name is taken. Closing the
 * instance stops the store after the last request has been answered, so everything acknowledged is in the file. The store logs to the
 * instance's logger, unless the options name another.
 */
export const fastifyActorStore: FastifyPluginAsync<ActorStoreOptions> = fastifyPlugin(plugin, {
  name: 'ave-actors-sqlite',
  fastify: '5.x',
});
