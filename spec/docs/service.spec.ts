import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installLibrary, library, root } from './installed';

const [, code] = /^```js\n(\/\/ server\.mjs\n.*?)^```$/ms.exec(readFileSync(join(root, 'docs/guide.md'), 'utf8')) ?? [];

describe('the HTTP service of the guide', () => {
  let directory = '';
  const services: ChildProcess[] = [];

  const start = async () => {
    const service = spawn(process.execPath, ['server.mjs'], { cwd: directory, env: { ...process.env, PORT: '0' } });
    services.push(service);
    const [line] = (await once(createInterface({ input: service.stdout }), 'line')) as [string];
    const accounts = `${/http:\S+/.exec(line)![0]}/accounts`;
    return {
      append: (name: string, event: unknown) =>
        fetch(`${accounts}/${name}/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(event),
        }),
      read: (name: string) => fetch(`${accounts}/${name}`),
      end: async () => {
        const ended = once(service, 'close');
        service.kill('SIGTERM');
        return (await ended) as unknown[];
      },
    };
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), `${library}-service-`));
    await installLibrary(directory);
    writeFileSync(join(directory, 'server.mjs'), code!);
  });

  afterAll(() => {
    for (const service of services) service.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('has after a restart what it acknowledged, and closes its store in order', async () => {
    const first = await start();
    for (const [index, cents] of [500, -100].entries()) {
      const response = await first.append('alice', { cents });
      expect([response.status, await response.json()]).toEqual([201, { sequence: index + 1 }]);
    }
    expect(await first.end()).toEqual([0, null]);
    expect(readdirSync(join(directory, 'data'))).toEqual(['database.db']);

    const second = await start();
    expect(await (await second.read('alice')).json()).toEqual({ sequence: 2, balance: 400 });
    expect(await second.end()).toEqual([0, null]);
  });

  it('answers what is wrong, and takes each of the requests that come at once or refuses it', async () => {
    const service = await start();
    expect((await service.read('nobody')).status).toBe(404);
    expect((await service.append('bob', { cents: 'five' })).status).toBe(400);
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.append('bob', { cents: 1 })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const committed = statuses.filter((status) => status === 201).length;
    expect(await (await service.read('bob')).json()).toEqual({ sequence: committed, balance: committed });
    expect(await service.end()).toEqual([0, null]);
  });
});
