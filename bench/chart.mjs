/** docs/benchmark.svg: one bar for each peer and workload, to the right where the library is ahead, to the left where the peer is. */
import { ratio } from './targets.mjs';

const ROWS = [
  ['put-256-in-flight-one-actor-durable', '256 puts in flight, durable'],
  ['put-256-in-flight-one-actor-relaxed', '256 puts in flight, relaxed'],
  ['batch-durable', 'event + snapshot, awaited, durable'],
  ['get', 'awaited get'],
  ['get-256-in-flight', '256 gets in flight'],
  ['scan', 'scan of 100,000 entries'],
];
const PEERS = [
  ['raw driver', '#8250df'],
  ['better-sqlite3', '#0969da'],
  ['better-sqlite3, transactions of 256', '#54aeff'],
  ['classic-level', '#bc4c00'],
  ['lmdb', '#1a7f37'],
];

const WIDTH = 860;
const LEFT = 250;
const RIGHT = 60;
const TOP = 92;
const BAR = 13;
const ROW_GAP = 18;
/** The axis: powers of ten are equally far apart. */
const TICKS = [0.01, 0.1, 1, 10, 100];

export function renderChart(results) {
  const rows = ROWS.filter(([id]) => results.has(id)).map(([id, label]) => {
    const measurement = results.get(id);
    return {
      label,
      bars: PEERS.filter(([name]) => measurement.figures.has(name)).map(([name, colour]) => ({
        colour,
        times: ratio(measurement, name),
      })),
    };
  });
  const height = rows.reduce((sum, { bars }) => sum + bars.length * BAR + ROW_GAP, TOP) + 24;
  const all = rows.flatMap(({ bars }) => bars.map(({ times }) => Math.log10(times)));
  // Room for the figure behind the longest bar.
  const least = Math.min(0, ...all) - 0.35;
  const most = Math.max(0, ...all) + 0.35;
  const x = (times) => LEFT + ((Math.log10(times) - least) / (most - least)) * (WIDTH - LEFT - RIGHT);

  const parts = [];
  const ticks = TICKS.filter((tick) => Math.log10(tick) >= least && Math.log10(tick) <= most);
  for (const tick of ticks) {
    parts.push(
      `<line x1="${round(x(tick))}" y1="${TOP - 8}" x2="${round(x(tick))}" y2="${height - 22}" stroke="${tick === 1 ? '#57606a' : '#d8dee4'}"/>`,
      `<text x="${round(x(tick))}" y="${TOP - 14}" text-anchor="middle" class="small">${tick}×</text>`,
    );
  }
  let y = TOP;
  for (const { label, bars } of rows) {
    parts.push(
      `<text x="${LEFT - 14}" y="${round(y + (bars.length * BAR) / 2 + 4)}" text-anchor="end">${label}</text>`,
    );
    for (const { colour, times } of bars) {
      const [from, to] = times >= 1 ? [x(1), x(times)] : [x(times), x(1)];
      const [at, anchor] = times >= 1 ? [to + 5, 'start'] : [from - 5, 'end'];
      parts.push(
        `<rect x="${round(from)}" y="${y + 1}" width="${round(Math.max(1, to - from))}" height="${BAR - 2}" rx="1.5" fill="${colour}"/>`,
        `<text x="${round(at)}" y="${y + BAR - 3}" text-anchor="${anchor}" class="small">${figure(times)}×</text>`,
      );
      y += BAR;
    }
    y += ROW_GAP;
  }
  let legendX = 24;
  const legend = PEERS.map(([name, colour]) => {
    const at = legendX;
    legendX += 34 + name.length * 6.2;
    return `<rect x="${round(at)}" y="46" width="11" height="11" rx="1.5" fill="${colour}"/><text x="${round(at + 16)}" y="56" class="small">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="How many times as fast ave-actors-sqlite is as each peer">
<style>text{font:13px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}.small{font-size:11px;fill:#57606a}.title{font-size:15px;font-weight:600}</style>
<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
<text x="24" y="30" class="title">ave-actors-sqlite: how many times as fast as each peer (logarithmic; left of 1× the peer is faster)</text>
${[...legend, ...parts].join('\n')}
</svg>
`;
}

function figure(times) {
  return times >= 10 ? times.toFixed(0) : times >= 1 ? times.toFixed(1) : times.toFixed(2);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
