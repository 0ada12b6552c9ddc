/**
 * Short texts by name, which outlive this worker: a cache is the one storage that every browser with service workers has.
 * Where it is denied nothing is remembered, and nothing fails.
 */

const CACHE = 'glossa-page-state';

export class State {
  /** @param {string} scope what begins the addresses under which texts are kept: an origin may have several pages */
  constructor(scope) {
    this.scope = scope;
  }

  /**
   * @param {string} name
   * @returns {Promise<{ text: string, since: number } | undefined>} `since`: when it was written
   */
  async read(name) {
    try {
      const cache = await caches.open(CACHE);
      const found = await cache.match(this.#keyOf(name));
      return found && { text: await found.text(), since: Number(found.headers.get('date-written')) };
    } catch {
      return undefined;
    }
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  async write(name, text) {
    const headers = { 'date-written': String(Date.now()) };
    const cache = await caches.open(CACHE);
    await cache.put(this.#keyOf(name), new Response(text, { headers }));
  }

  /** @param {string} name */
  async remove(name) {
    const cache = await caches.open(CACHE);
    await cache.delete(this.#keyOf(name));
  }

  /** @returns {Promise<string[]>} the names of all texts */
  async names() {
    const start = this.#keyOf('');
    const cache = await caches.open(CACHE);
    const keys = await cache.keys();
    return keys.filter(({ url }) => url.startsWith(start)).map(({ url }) => url.slice(start.length));
  }

  /** @param {string} name */
  #keyOf(name) {
    return `${this.scope}?state=${name}`;
  }
}
