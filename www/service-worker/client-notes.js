/** Which visit, by the id of its client, has which version of the page. */

import { State } from './state.js';

const CLIENT = 'client-';
/**
 * How long a note outlives its client at least: one that is just starting is not among those that the browser lists, and
 * neither is a page that is kept for a step back in the history.
 */
const GRACE_MS = 24 * 60 * 60 * 1000;

export class ClientNotes {
  /** @type {Map<string, string>} versions by the ids of clients: what is in the state, as far as it has been asked for */
  #known = new Map();
  /** @type {Map<string, Promise<unknown>>} notes for workers that are under way, by the addresses of the workers */
  #noting = new Map();
  #state;
  #clients;

  /**
   * @param {string} scope
   * @param {Clients} clients
   */
  constructor(scope, clients) {
    this.#state = new State(scope);
    this.#clients = clients;
  }

  /**
   * @param {string} id
   * @param {string} version
   */
  async note(id, version) {
    if (!id) return;
    this.#known.set(id, version);
    // Where storage is denied or full, this worker remembers as long as it runs.
    await this.#state.write(CLIENT + id, version).catch(() => {});
  }

  /**
   * Notes a version for the clients that have none.
   * @param {string} version
   * @param {(address: string) => boolean} isOurs whether what a client has opened belongs to the page
   */
  async noteOpen(version, isOurs) {
    for (const { id, url } of await this.#open()) {
      if (isOurs(url) && !(await this.#noted(id))) await this.note(id, version);
    }
  }

  /**
   * The version of a client; undefined if it began without this worker.
   * @param {string} id
   * @returns {Promise<string | undefined>}
   */
  async versionOf(id) {
    return (await this.#noted(id)) ?? (await this.#versionOfThread(id));
  }

  /**
   * Notes for a worker that its page starts from a blob's address, of which the browser does not tell whose it is, that it
   * has the version of the page.
   * @param {string} address
   * @param {string} page the id of the page's client
   */
  noteWorker(address, page) {
    const noting = this.versionOf(page).then((version) => (version ? this.note(address, version) : undefined));
    this.#noting.set(address, noting);
    return noting.finally(() => this.#noting.delete(address));
  }

  /**
   * The versions of all clients that there are or may be.
   * @returns {Promise<Set<string>>}
   */
  async versionsInUse() {
    const open = new Set((await this.#open()).map(({ id }) => id));
    const used = new Set(this.#known.values());
    for (const name of await this.#state.names()) {
      if (!name.startsWith(CLIENT)) continue;
      const note = await this.#state.read(name);
      if (!note) continue;
      const id = name.slice(CLIENT.length);
      if (open.has(id) || Date.now() - note.since < GRACE_MS) {
        used.add(note.text);
      } else {
        this.#known.delete(id);
        await this.#state.remove(name);
      }
    }
    return used;
  }

  /** @param {string} id */
  async #noted(id) {
    const known = this.#known.get(id);
    if (known || !id) return known;
    const noted = (await this.#state.read(CLIENT + id))?.text;
    if (noted) this.#known.set(id, noted);
    return noted;
  }

  /**
   * The version of a thread of which the browser has not told whose it is: what its page has told, or else that of the pages,
   * if they all have the same.
   * @param {string} id
   */
  async #versionOfThread(id) {
    const client = id ? await this.#clients.get(id) : undefined;
    if (client?.type !== 'worker') return undefined;
    await this.#noting.get(client.url);
    const told = await this.#noted(client.url);
    if (told) return told;
    const pages = (await this.#open()).filter(({ type }) => type === 'window');
    const found = new Set(await Promise.all(pages.map(({ id }) => this.#noted(id))));
    return found.size === 1 ? [...found][0] : undefined;
  }

  #open() {
    return this.#clients.matchAll({ includeUncontrolled: true, type: 'all' });
  }
}
