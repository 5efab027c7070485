import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './installed';

/** The full names of the specs in a file: what `describe` and `it` say together. */
function specNames(file: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node, above: string): void => {
    let prefix = above;
    if (ts.isCallExpression(node)) {
      // `it(title, …)`, or `it.each(rows)(title, …)`.
      const called = ts.isCallExpression(node.expression) ? node.expression.expression : node.expression;
      const word = called.getText(source);
      const [title] = node.arguments;
      if (/^(describe|it)(\.each)?$/.test(word) && title !== undefined && ts.isStringLiteralLike(title)) {
        const name = `${above} ${title.text}`.trim();
        if (word.startsWith('it')) names.push(name);
        else prefix = name;
      }
    }
    node.forEachChild((child) => visit(child, prefix));
  };
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  visit(source, '');
  return names;
}

const specs = readdirSync(join(root, 'spec'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.spec.ts'))
  .flatMap((name) => specNames(join(root, 'spec', name)));

const guarantees = readFileSync(join(root, 'docs/concurrency.md'), 'utf8')
  .split(/^## /m)
  .filter((section) => section.startsWith('Guarantees'))
  .flatMap((section) => [...section.matchAll(/^### (.*)$/gm)].map((match) => match[1]!));

describe('a guarantee of docs/concurrency.md', () => {
  it.each(guarantees)('is the name of a spec: %s', (guarantee) => {
    const name = guarantee.charAt(0).toLowerCase() + guarantee.slice(1);
    // A title may go on with what its rows differ in.
    expect(specs.filter((spec) => spec === name || spec.startsWith(`${name} (`))).not.toEqual([]);
  });
});
