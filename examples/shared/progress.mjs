const INTERVAL_MS = 1000;

/**
 * Reports on stderr, at most once a second, and not at all when the work takes less: a line that is rewritten on a terminal, lines of their own
 * elsewhere.
 * @param {string} label
 */
export function progress(label) {
  const { stderr } = process;
  const start = performance.now();
  let last = start;
  let shown = false;
  return {
    /** @param {string} text */
    report(text) {
      const now = performance.now();
      if (now - last < INTERVAL_MS) return;
      last = now;
      shown = true;
      const line = `${label}: ${text}, ${((now - start) / 1000).toFixed(0)} s`;
      stderr.write(stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    },
    end() {
      if (shown && stderr.isTTY) stderr.write('\n');
      return (performance.now() - start) / 1000;
    },
  };
}
