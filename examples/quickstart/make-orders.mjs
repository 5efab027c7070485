/**
 * Prints the events of orders as JSON Lines: `node make-orders.mjs [orders] > orders.jsonl`. The same number of orders always gives the same lines.
 */
import { once } from 'node:events';

const ACTORS = 50;
const count = Number(process.argv[2] ?? 1000);

// Park and Miller's minimal standard generator: https://doi.org/10.1145/63039.63042
let seed = 20_260_101;
/** @param {number} below */
const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;

/**
 * What is still to come of each order under way: the events of different orders lie between each other.
 * @type {object[][]}
 */
const underWay = [];

let placed = 0;
while (placed < count || underWay.length > 0) {
  if (placed < count && (underWay.length < 20 || random(3) === 0)) underWay.push(eventsOf(++placed));
  const index = random(underWay.length);
  const events = underWay[index] ?? [];
  const line = `${JSON.stringify(events.shift())}\n`;
  if (events.length === 0) underWay.splice(index, 1);
  if (!process.stdout.write(line)) await once(process.stdout, 'drain');
}

/** @param {number} order */
function eventsOf(order) {
  const actor = `customer-${String(random(ACTORS) + 1).padStart(2, '0')}`;
  const cents = 500 + random(20_000);
  const types = random(10) === 0 ? ['placed', 'cancelled'] : ['placed', 'paid', 'shipped'];
  return types.map((type) => ({ actor, type, order, cents }));
}
