/**
 * Takes from the page what its content security policy cannot forbid: to ask its own host, to leave, to open windows, and
 * to have a host's name looked up. Should a text ever be run for a program, there is nothing for it to call.
 */

import { takeAway } from '../glossa/take-away.js';

const REASON = 'the page asks for nothing by itself';

/** What only windows have: other windows, cookies, which go with the next request, and ways to elements by markup. */
const OF_WINDOWS = [
  'open',
  'Document.prototype.open',
  'Document.prototype.cookie',
  'cookieStore',
  'Element.prototype.setHTML',
  'ShadowRoot.prototype.setHTML',
  'Document.parseHTML',
];

/** Elements that ask hosts, lead elsewhere, or bring a window of their own, in which nothing would be taken away. */
const LEADING_OUT = new Set([
  ...['a', 'area', 'base', 'embed', 'fencedframe', 'form', 'frame'],
  ...['iframe', 'link', 'meta', 'object', 'portal', 'script'],
]);

/** @typedef {(name: string) => void} OnAttempt */

/**
 * To be called when the page has asked for all that it needs itself; what a model needs, its worker asks for.
 * @param {OnAttempt} [onAttempt] is told what is tried all the same
 */
export function stayInTab(onAttempt = () => {}) {
  takeAway(globalThis, REASON, OF_WINDOWS, onAttempt);
  makeOnlyInnerElements('createElement', onAttempt);
  makeOnlyInnerElements('createElementNS', onAttempt);
  /** @type {any} */ (globalThis).navigation?.addEventListener('navigate', (/** @type {Navigate} */ event) => stay(event, onAttempt));
}

/**
 * @param {'createElement' | 'createElementNS'} name
 * @param {OnAttempt} onAttempt
 */
function makeOnlyInnerElements(name, onAttempt) {
  const make = /** @type {(...given: unknown[]) => Element} */ (Document.prototype[name]);
  /**
   * @this {Document}
   * @param {...unknown} given
   */
  function makeInner(...given) {
    const made = make.apply(this, given);
    if (!LEADING_OUT.has(made.localName.toLowerCase())) return made;
    onAttempt(`<${made.localName}>`);
    throw new TypeError(`${made.localName}: ${REASON}`);
  }
  Object.defineProperty(Document.prototype, name, { value: makeInner, writable: false, configurable: false });
}

/** @typedef {Event & { navigationType: string, downloadRequest: string | null, destination: { url: string } }} Navigate */

/**
 * Stops scripts that would leave the page or change its address, which another visit would ask for. What the user does with
 * the browser's own controls goes past this, and files are saved.
 * @param {Navigate} event
 * @param {OnAttempt} onAttempt
 */
function stay(event, onAttempt) {
  const { navigationType, downloadRequest, destination } = event;
  if (navigationType === 'reload' || navigationType === 'traverse') return;
  if (downloadRequest !== null && destination.url.startsWith('blob:')) return;
  event.preventDefault();
  onAttempt(destination.url);
}
