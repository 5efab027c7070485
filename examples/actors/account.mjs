import { Refusal } from './actor-system.mjs';

/**
 * An account: money goes in and out and never below zero.
 * @typedef {{ balance: number }} Account in cents
 * @typedef {{ type: 'deposit' | 'withdraw', cents: number }} Command
 * @typedef {{ type: 'deposited' | 'withdrawn', cents: number }} AccountEvent
 */

/** @type {import('./actor-system.mjs').Behaviour<Account, Command, AccountEvent>} */
export const account = {
  initial: { balance: 0 },

  decide({ balance }, { type, cents }) {
    if (!Number.isSafeInteger(cents) || cents <= 0) throw new Refusal('"cents" is not a positive integer');
    switch (type) {
      case 'deposit':
        if (!Number.isSafeInteger(balance + cents)) throw new Refusal('the balance would be too large');
        return { type: 'deposited', cents };
      case 'withdraw':
        if (cents > balance) throw new Refusal(`the balance is ${balance} cents`);
        return { type: 'withdrawn', cents };
      default:
        throw new Refusal('"type" is not deposit or withdraw');
    }
  },

  apply: ({ balance }, { type, cents }) => ({ balance: type === 'deposited' ? balance + cents : balance - cents }),
};
