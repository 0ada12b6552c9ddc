/** Takes from the page what its content security policy cannot forbid: to ask its own host, to leave, to call others. */

import { takeAway } from '../glossa/take-away.js';

/** What only windows have. A cookie goes with the next request. */
const OF_WINDOWS = ['open', 'Document.prototype.open', 'Document.prototype.cookie', 'cookieStore'];

/** To be called once the page has asked for all that it needs itself; what a model needs, its worker asks for. */
export function stayInTab() {
  takeAway(globalThis, 'the page asks for nothing by itself', OF_WINDOWS);
  /** @type {any} */ (globalThis).navigation?.addEventListener('navigate', stay);
}

/**
 * Stops scripts that would leave the page or change its address, which another visit would ask for. What the user does with
 * the browser's own controls goes past this, and files are saved.
 * @param {Event & { navigationType: string, hashChange: boolean, downloadRequest: string | null, destination: { url: string } }} event
 */
function stay(event) {
  const { navigationType, downloadRequest, destination } = event;
  if (navigationType === 'reload' || navigationType === 'traverse') return;
  if (downloadRequest !== null && destination.url.startsWith('blob:')) return;
  event.preventDefault();
}
