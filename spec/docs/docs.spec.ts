import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { entryPoints, installLibrary, library, root } from './installed';

const execute = promisify(execFile);

interface Block {
  /** The file and the line that the block starts at. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

/** The blocks that are fenced as `ts` or `js` and nothing else; services, which do not end by themselves, have a spec of their own. */
function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)]
    .map((match) => ({
      place: `${file}:${text.slice(0, match.index).split('\n').length}`,
      language: match[1]!,
      code: match[2]!,
    }))
    .filter(({ code }) => !code.startsWith('// server.mjs'));
}

const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md') && existsSync(join(root, name)))
  .map((file) => ({ file, blocks: blocksOf(file) }))
  .filter(({ blocks }) => blocks.length > 0);
const blocks = documents.flatMap((document) => document.blocks);

const options: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent(
    {
      ...(ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as object),
      files: [],
    },
    ts.sys,
    root,
  ).options,
  noEmit: false,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  paths: Object.fromEntries(entryPoints.map(([name, source]) => [library + name, [join(root, source)]])),
};

describe('the code blocks of the documentation', () => {
  let directory = '';
  const home = (block: Block): string => join(directory, String(blocks.indexOf(block)));

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), `${library}-docs-`));
    await installLibrary(directory);
    for (const block of blocks) {
      mkdirSync(home(block));
      writeFileSync(join(home(block), block.language === 'ts' ? 'block.mts' : 'block.mjs'), block.code);
    }
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('have right types, and compile', () => {
    const typed = blocks.filter(({ language }) => language === 'ts');
    const program = ts.createProgram(
      typed.map((block) => join(home(block), 'block.mts')),
      options,
    );
    typed.forEach((block) => program.emit(program.getSourceFile(join(home(block), 'block.mts'))));
    const complaints = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
      const block = typed.find((one) => file !== undefined && file.fileName.startsWith(`${home(one)}/`));
      const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
      return `${block?.place ?? file?.fileName ?? ''} +${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
    expect(complaints).toEqual([]);
  });

  describe.each(documents)('of $file', (document) => {
    it.each(document.blocks)('run: $place', async (block) => {
      const run = () => execute(process.execPath, ['block.mjs'], { cwd: home(block), timeout: 20_000 });
      await run();
      // The first program that anybody runs is run again, to see that the data is there.
      if (document.file === 'README.md') await run();
    });
  });
});
