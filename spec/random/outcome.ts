/** What came of a call, in a form that two backends can be compared by. */
import { createHash } from 'node:crypto';

export type Outcome =
  { readonly ok: unknown } | { readonly error: Readonly<Record<string, unknown>>; readonly thrown: unknown };

export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { ok: plain(await promise) };
  } catch (thrown) {
    return { error: described(thrown as Error & Record<string, unknown>), thrown };
  }
}

/** Whether two outcomes are the same for a caller. */
export function same(a: Outcome, b: Outcome): boolean {
  return textOf(a) === textOf(b);
}

/** An outcome as text; of an error, what a caller may rely on. */
export function textOf(outcome: Outcome): string {
  return JSON.stringify('ok' in outcome ? { ok: outcome.ok ?? null } : { error: outcome.error });
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) {
    const content = value.length > 64 ? createHash('sha256').update(value).digest('base64') : value.toString('latin1');
    return `${value.length} bytes ${content}`;
  }
  return Array.isArray(value) ? value.map((item: unknown) => plain(item) ?? null) : value;
}

function described(error: Error & Record<string, unknown>): Record<string, unknown> {
  const { name, code, key, entryKey, operation, table, prefix, message } = error;
  // Why a table cannot be made is each backend's own to say.
  if (code === 'CREATE_STORE') return { name, code };
  return { name, code, key, entryKey, operation, table, prefix, message };
}
