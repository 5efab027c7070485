import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { examples, inDirectory, run } from './support.mjs';

const orders = join(examples, 'quickstart/orders.jsonl');

describe('the quickstart', () => {
  it('recovers from the store what the file alone says, and prints how much it was', async () => {
    const lines = await readFile(orders);
    const count = lines.toString().trimEnd().split('\n').length;
    const { code, stdout, stderr } = await run('quickstart/quickstart.mjs');
    assert.equal(stderr, '');
    assert.match(stdout, /^actors +events +bytes +time\n/);
    const [actors, events, bytes] = stdout.split('\n')[1].trim().split(/ +/);
    assert.deepEqual(
      [actors, events, bytes],
      ['50', count.toLocaleString('en'), (lines.length - count).toLocaleString('en')],
    );
    assert.equal(code, 0);
  });

  it('ships the file that its script makes', async () => {
    const { stdout } = await run('quickstart/make-orders.mjs');
    assert.equal(stdout, await readFile(orders, 'utf8'));
  });

  it('names malformed lines by their number, takes the others, and fails', async () => {
    await inDirectory(async (directory) => {
      const file = join(directory, 'mixed.jsonl');
      const event = (actor) => `{"actor":${actor},"type":"placed","order":1,"cents":200}`;
      const lines = [
        `\ufeff${event('"a"')}`,
        '{"actor":',
        '',
        '[]',
        `${event('"b"')}\r`,
        '{"actor":"a","type":"lost","order":1,"cents":200}',
        event('"\\ud800"'),
        Buffer.from([0x22, 0xff, 0x22]),
        'x'.repeat(1024 * 1024 + 1),
        event('"a"'),
      ];
      await writeFile(file, Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
      const { code, stdout, stderr } = await run('quickstart/quickstart.mjs', [file]);
      const complaints = stderr.trimEnd().split('\n');
      assert.deepEqual(
        complaints.slice(0, -1).map((complaint) => complaint.split(':', 2).join(':')),
        [2, 4, 6, 7, 8, 9].map((number) => `mixed.jsonl:${number}`),
      );
      assert.equal(complaints.at(-1), '6 malformed lines left out');
      assert.match(stdout, /^ +2 +3 /m);
      assert.equal(code, 1);
    });
  });

  it('says in one line that the file is not there, and fails', async () => {
    const { code, stdout, stderr } = await run('quickstart/quickstart.mjs', ['no-such-file']);
    assert.equal(stdout, '');
    assert.match(stderr, /^ENOENT: .*no-such-file'\n$/);
    assert.equal(code, 1);
  });
});
