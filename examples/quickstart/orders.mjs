/**
 * A customer's orders, summed up. This is the actor: a state, and a function that takes it from one event to the next.
 * @typedef {{ orders: number, shipped: number, cancelled: number, dueCents: number, spentCents: number }} Customer
 * @typedef {{ actor: string, type: 'placed' | 'paid' | 'shipped' | 'cancelled', order: number, cents: number }} OrderEvent
 */

/** @type {Readonly<Customer>} */
export const newCustomer = { orders: 0, shipped: 0, cancelled: 0, dueCents: 0, spentCents: 0 };

/**
 * Pure: the same state and the same event always give the same next state, so a customer can be computed again from the events at any time.
 * @param {Readonly<Customer>} customer
 * @param {OrderEvent} event
 * @returns {Customer}
 */
export function apply(customer, { type, cents }) {
  const { orders, shipped, cancelled, dueCents, spentCents } = customer;
  switch (type) {
    case 'placed':
      return { ...customer, orders: orders + 1, dueCents: dueCents + cents };
    case 'paid':
      return { ...customer, dueCents: dueCents - cents, spentCents: spentCents + cents };
    case 'shipped':
      return { ...customer, shipped: shipped + 1 };
    case 'cancelled':
      return { ...customer, cancelled: cancelled + 1, dueCents: dueCents - cents };
  }
}

/**
 * The event that a line of the input holds. Throws an Error that says what is wrong.
 * @param {{ actor: string, [property: string]: unknown }} value
 * @returns {OrderEvent}
 */
export function orderEvent({ actor, type, order, cents }) {
  if (type !== 'placed' && type !== 'paid' && type !== 'shipped' && type !== 'cancelled') {
    throw new Error('"type" is not placed, paid, shipped or cancelled');
  }
  if (typeof order !== 'number' || !Number.isSafeInteger(order)) throw new Error('"order" is not an integer');
  if (typeof cents !== 'number' || !Number.isSafeInteger(cents)) throw new Error('"cents" is not an integer');
  return { actor, type, order, cents };
}
