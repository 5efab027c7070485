import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { fastifyActorStore } from '../../lib/fastify/index';
import { CreateStoreError, SqliteManager } from '../../lib/index';
import { gate, rejection } from '../support/gates';
import { useTemporary } from '../support/temporary';

declare module 'fastify' {
  interface FastifyInstance {
    audit: SqliteManager;
  }
}

const temporary = useTemporary();

describe('the Fastify plugin', () => {
  let apps: FastifyInstance[] = [];
  const application = (options?: FastifyServerOptions): FastifyInstance => {
    const app = fastify(options);
    apps.push(app);
    return app;
  };
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
  });

  it('opens a store with the instance and stops it with the instance', async () => {
    const directory = temporary.path('store');
    const app = application();
    await app.register(fastifyActorStore, { directory, durability: false });
    const events = await app.actorStore.createCollection('events', 'alice');
    await events.put('1', Buffer.from('one'));
    expect(app.actorStore.path).toBe(temporary.path('store', 'database.db'));
    await app.close();
    expect(await rejection(events.get('1'))).toMatchObject({ operation: 'stopped' });
    expect(readdirSync(directory)).toEqual(['database.db']);
  });

  it('stops the store after the last request has been answered', async () => {
    const app = application();
    await app.register(fastifyActorStore, { directory: temporary.path('store') });
    const held = gate();
    app.post('/', async (_request, reply) => {
      await held.pass();
      const events = await app.actorStore.createCollection('events', 'alice');
      await events.put('1', Buffer.from('one'));
      // A connection that is kept alive would hold up the end.
      return reply.status(201).header('connection', 'close').send();
    });
    const answer = fetch(await app.listen({ host: '127.0.0.1', port: 0 }), { method: 'POST' });
    await held.reached;
    const closed = app.close();
    held.open();
    expect((await answer).status).toBe(201);
    await closed;
    const store = await temporary.open();
    expect(await (await store.createCollection('events', 'alice')).get('1')).toEqual(Buffer.from('one'));
  });

  it('opens several stores, each under a name of its own', async () => {
    const app = application();
    await app.register(fastifyActorStore, { directory: temporary.path('store') });
    await app.register(fastifyActorStore, { directory: temporary.path('audit'), name: 'audit' });
    expect([app.actorStore.path, app.audit.path]).toEqual([
      temporary.path('store', 'database.db'),
      temporary.path('audit', 'database.db'),
    ]);
    await app.close();
    for (const store of [app.actorStore, app.audit]) {
      expect(await rejection(store.createState('states', 'alice'))).toMatchObject({ operation: 'stopped' });
    }
  });

  it('shows a store that is registered within a context there alone', async () => {
    const app = application();
    const paths: string[] = [];
    for (const name of ['a', 'b']) {
      await app.register(async (context) => {
        await context.register(fastifyActorStore, { directory: temporary.path(name) });
        paths.push(context.actorStore.path);
      });
    }
    await app.ready();
    expect(paths).toEqual([temporary.path('a', 'database.db'), temporary.path('b', 'database.db')]);
    expect(app.hasDecorator('actorStore')).toBe(false);
  });

  it('fails the boot when the store cannot be opened', async () => {
    writeFileSync(temporary.path('file'), '');
    const app = application();
    const boot = rejection(app.register(fastifyActorStore, { directory: temporary.path('file', 'store') }));
    expect(await boot).toBeInstanceOf(CreateStoreError);
  });

  it('fails the boot when the name is taken, and leaves no store open', async () => {
    const app = application();
    const boot = Promise.resolve(app.register(fastifyActorStore, { directory: temporary.path('store'), name: 'log' }));
    await expect(boot).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' });
    await app.close();
    await temporary.open();
  });

  it("logs to the instance's logger, unless the options name another", async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(line: Buffer, _encoding, done) {
        lines.push(line.toString());
        done();
      },
    });
    const warn = jest.fn<undefined, [object, string]>();
    const other = { debug: () => undefined, info: () => undefined, warn, error: () => undefined };
    const app = application({ logger: { stream, level: 'warn' } });
    const readers = 64;
    for (const name of ['a', 'b']) mkdirSync(temporary.path(name));
    // As an option that was not configured comes.
    const options: object = { logger: undefined };
    await app.register(fastifyActorStore, { ...options, directory: temporary.path('a'), name: 'audit', readers });
    expect(lines).toEqual([expect.stringContaining('UV_THREADPOOL_SIZE')]);
    await app.register(fastifyActorStore, { directory: temporary.path('b'), readers, logger: other });
    expect(lines).toHaveLength(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
