/** The line at the page's foot that says what was sent, and what stands behind it. */

import { counted } from './counted.js';
import { element } from './element.js';

/** @typedef {import('./network-log.js').Account} Account */
/** @typedef {import('./network-log.js').LoggedRequest} LoggedRequest */
/** @typedef {import('./network-log.js').Thread} Thread */

/** Milliseconds within which changes are drawn together. */
const TOGETHER = 100;
/** Requests and attempts that are listed; the rest is counted. */
const LISTED = 200;

const minutes = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const seconds = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** @param {number} bytes */
const size = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`);

/** @type {Record<Thread, string>} */
const NAMES = { page: 'this page', worker: 'the model’s worker', 'service worker': 'the service worker' };

/**
 * What is said in one line, and its kind: nothing has come in yet; nothing was asked for since; only what has no text asked
 * for something; something that has the text did.
 * @param {Account} account
 * @returns {{ kind: 'no-text' | 'no-request' | 'without-text' | 'with-text', words: string }}
 */
export function lineFor({ since, origins, sent, byHolders, blocked }) {
  const attempts = blocked.length ? ` ${counted(blocked.length, 'attempt')} to reach the network ${blocked.length === 1 ? 'was' : 'were'} blocked.` : '';
  if (since === undefined) {
    const files = origins.reduce((sum, { files }) => sum + files, 0);
    const from = origins.length === 1 ? new URL(origins[0].origin).host : counted(origins.length, 'host');
    return { kind: 'no-text', words: `No text yet. This page is ${counted(files, 'file')} from ${from}.${attempts}` };
  }
  const when = `since your text came in at ${minutes.format(since)}`;
  if (byHolders.length) {
    const were = byHolders.length === 1 ? 'was' : 'were';
    return { kind: 'with-text', words: `${counted(byHolders.length, 'request')} ${were} made ${when}, by parts of this page that have it.${attempts}` };
  }
  if (sent.length) {
    const others = `${counted(sent.length, 'request')} for files, by parts of this page that did not have it.`;
    return { kind: 'without-text', words: `Nothing of yours was sent ${when}. ${others}${attempts}` };
  }
  return { kind: 'no-request', words: `0 bytes sent ${when}: no request was made.${attempts}` };
}

/**
 * Who made a request, and whether it had the text.
 * @param {LoggedRequest} request
 */
function maker({ thread, hadText }) {
  if (thread === 'service worker') return `${NAMES[thread]}, which gets no text`;
  return `${NAMES[thread]}, ${hadText ? 'which had the text' : 'before it had the text'}`;
}

export class NetworkLine {
  #details;
  #summary;
  #body;
  #account;
  #waits = false;

  /**
   * @param {{ details: HTMLDetailsElement, summary: HTMLElement, body: HTMLElement }} elements
   * @param {() => Account} account
   */
  constructor({ details, summary, body }, account) {
    this.#details = details;
    this.#summary = summary;
    this.#body = body;
    this.#account = account;
    details.addEventListener('toggle', () => this.#draw());
    this.#draw();
    details.hidden = false;
  }

  /** Draws what is new, soon. */
  update() {
    if (this.#waits) return;
    this.#waits = true;
    setTimeout(() => {
      this.#waits = false;
      this.#draw();
    }, TOGETHER);
  }

  #draw() {
    const account = this.#account();
    const { kind, words } = lineFor(account);
    this.#details.dataset.kind = kind;
    if (account.since !== undefined) this.#details.dataset.since = String(account.since);
    this.#details.dataset.blocked = String(account.blocked.length);
    if (this.#summary.textContent !== words) this.#summary.textContent = words;
    if (this.#details.open) this.#body.replaceChildren(...parts(account));
  }
}

/** @param {Account} account */
function parts(account) {
  const { since, origins, sent, blocked, hasServiceWorkers } = account;
  const loaded = origins.map(({ origin, files, bytes, deviceBytes }) => {
    const own = origin === location.origin ? ', this page’s own host' : '';
    const kept = deviceBytes ? `, and ${size(deviceBytes)} that this device had already` : '';
    return element('li', { 'data-origin': origin }, `${origin}${own}: ${counted(files, 'file')}, ${size(bytes)} over the network${kept}`);
  });
  const requests = sent.map((request) => {
    const { address, sent, bytes } = request;
    const said = `${seconds.format(sent)} ${shortened(address)}: ${size(bytes)} received, by ${maker(request)}`;
    return element('li', { 'data-address': address, 'data-had-text': String(request.hadText) }, said);
  });
  const attempts = blocked.map(({ thread, rule, target }) =>
    element('li', { 'data-rule': rule }, `${NAMES[thread]}: ${shortened(target) || 'inline'} (${rule})`),
  );
  const unheard = navigator.serviceWorker?.controller && !hasServiceWorkers ? ' The service worker has not told of its own requests yet.' : '';
  return [
    ...part('Loaded in this visit', 'loaded', loaded),
    ...(since === undefined ? [] : part('Requests since your text came in', 'sent', requests)),
    ...(blocked.length ? part('Attempts that were blocked', 'blocked', attempts) : []),
    element(
      'p',
      {},
      `Counted by this page, from the browser’s list of the requests of the page, its workers and its service worker. What is sent for a file is its address, and what browsers add, such as your language.${unheard}`,
      ' A page cannot see what the browser asks for by itself, such as whether the service worker’s script is still the newest, or what extensions do.',
    ),
  ];
}

/**
 * @param {string} title
 * @param {string} name
 * @param {HTMLElement[]} items
 */
function part(title, name, items) {
  const left = items.length - LISTED;
  const listed = left > 0 ? [...items.slice(0, LISTED), element('li', {}, `and ${counted(left, 'more')}`)] : items;
  return [
    element('h3', {}, title),
    // A long list scrolls, by keys too.
    items.length ? element('ul', { 'data-list': name, 'aria-label': title, tabindex: 0, translate: 'no' }, ...listed) : element('p', { 'data-list': name }, 'None.'),
  ];
}

/**
 * An address as people read it: without this page's own folder.
 * @param {string} address
 */
function shortened(address) {
  const folder = new URL('./', document.baseURI).href;
  if (address === folder || address === location.href) return 'this page';
  return address.startsWith(folder) ? address.slice(folder.length) : address;
}
