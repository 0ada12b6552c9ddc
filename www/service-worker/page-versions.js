/**
 * Whole versions of the page on this device. `pkg/page-files.json`, which the build writes, lists a version's files with
 * their SHA-256; a version is kept when all its files have come and are those listed, and otherwise not at all.
 *
 * A deployment replaces files one by one, and hosts and caches on the way may be late with some of them: until everything
 * fits, the version before is the newest.
 */

import * as hashedCache from '../glossa/hashed-cache.js';
import { sha256 } from '../glossa/sha256.js';
import { binaryName } from '../glossa/worker/binary-name.js';
import { State } from './state.js';

const LISTING = 'pkg/page-files.json';
const CURRENT = 'current';
const PREVIOUS = 'previous';
const CACHE = 'glossa-page-version';

/**
 * @typedef {{ path: string, sha256: string }} PageFile the path is relative to the page's folder; the page's own is `./`
 *
 * @typedef {object} Listing
 * @property {string} version
 * @property {PageFile[]} files
 * @property {Record<string, { script: PageFile, binary: PageFile }>} engines by the name of the binary
 */

export class PageVersions {
  #scope;
  #state;
  /** @type {Promise<string> | undefined} shared by all who wait for it: it goes on whoever leaves */
  #updating;

  /** @param {string} scope the address of the page's folder */
  constructor(scope) {
    this.#scope = scope;
    this.#state = new State(scope);
  }

  /**
   * Whether an address is that of the page itself.
   * @param {string} address
   */
  isPage(address) {
    const plain = withoutQuery(address);
    return plain === this.#scope || plain === `${this.#scope}index.html`;
  }

  /**
   * The newest version that is kept.
   * @returns {Promise<string | undefined>}
   */
  async current() {
    return (await this.#state.read(CURRENT))?.text;
  }

  /**
   * Asks for the newest version, and keeps it if it is complete.
   * @returns {Promise<string>} the version, which is kept
   * @throws if there is no network, or no version that is complete
   */
  update() {
    this.#updating ??= this.#update().finally(() => (this.#updating = undefined));
    return this.#updating;
  }

  /**
   * A file of a version; undefined if the version has none at that address, or is no longer kept.
   * @param {string} version
   * @param {string} address
   * @returns {Promise<Response | undefined>}
   */
  async file(version, address) {
    try {
      const name = this.#nameOf(version);
      // To open a cache is to make it.
      if (!(await caches.has(name))) return undefined;
      return await (await caches.open(name)).match(withoutQuery(address));
    } catch {
      return undefined;
    }
  }

  /**
   * Removes all versions but those named, the newest, and the one before, which a visit may be about to begin with.
   * @param {Set<string>} used
   */
  async keepOnly(used) {
    const newest = await Promise.all([CURRENT, PREVIOUS].map((name) => this.#state.read(name)));
    const kept = [...used, ...newest.map((state) => state?.text ?? '')].map((version) => this.#nameOf(version));
    for (const name of await caches.keys()) {
      if (name.startsWith(this.#nameOf('')) && !kept.includes(name)) await caches.delete(name);
    }
  }

  async #update() {
    const response = await fetch(this.#addressOf(LISTING), { cache: 'no-cache' });
    /** @type {Listing} */
    const listing = await response.json();
    const { version } = listing;
    const before = await this.current();
    if (version === before && (await this.#listingOf(version))) return version;
    try {
      await this.#install(listing, before);
    } catch (error) {
      await caches.delete(this.#nameOf(version));
      throw error;
    }
    if (before && before !== version) await this.#state.write(PREVIOUS, before);
    // From now on, and not before, visits begin with this version.
    await this.#state.write(CURRENT, version);
    return version;
  }

  /**
   * @param {Listing} listing
   * @param {string | undefined} before the version that is newest so far
   */
  async #install(listing, before) {
    const { version, files, engines } = listing;
    const previous = before ? await this.#listingOf(before) : undefined;
    const old = new Map(filesOf(previous).map((file) => [file.path, file.sha256]));
    const cache = await caches.open(this.#nameOf(version));
    const keep = async (/** @type {PageFile} */ file) => {
      const address = this.#addressOf(file.path);
      const same = before && old.get(file.path) === file.sha256 ? await this.file(before, address) : undefined;
      await cache.put(address, same ?? (await download(address, file.sha256)));
    };
    const engine = engines[binaryName()];
    await Promise.all([
      ...filesOf(listing).map(keep),
      this.#keepEngine(engine.binary, previous?.engines[binaryName()].binary),
    ]);
    // Last, so that a version with a listing is complete.
    await cache.put(this.#addressOf(LISTING), Response.json({ version, files, engines }));
  }

  /**
   * Gets the engine if the device has that of the version before: what works without a network goes on to. On a first
   * visit it comes when it is needed.
   * @param {PageFile} binary
   * @param {PageFile} [previous]
   */
  async #keepEngine(binary, previous) {
    const address = this.#addressOf(binary.path);
    const used = previous && (await hashedCache.get(this.#addressOf(previous.path), previous.sha256));
    if (!used || (await hashedCache.get(address, binary.sha256))) return;
    const response = await download(address, binary.sha256);
    await hashedCache.put(address, binary.sha256, new Uint8Array(await response.arrayBuffer()), hashedCache.ENGINE);
  }

  /**
   * What a version consists of; undefined if it is not complete.
   * @param {string} version
   * @returns {Promise<Listing | undefined>}
   */
  async #listingOf(version) {
    const response = await this.file(version, this.#addressOf(LISTING));
    return response?.json();
  }

  /** @param {string} path */
  #addressOf(path) {
    return new URL(path, this.#scope).href;
  }

  /** @param {string} version */
  #nameOf(version) {
    return `${CACHE} ${this.#scope} ${version}`;
  }
}

/**
 * The files that are kept here: the engine's binary is not among them, and of its scripts there is that of the binary which this
 * browser runs.
 * @param {Listing} [listing]
 */
const filesOf = (listing) => (listing ? [...listing.files, listing.engines[binaryName()].script] : []);

/** @param {string} address */
const withoutQuery = (address) => address.replace(/[?#].*$/s, '');

/**
 * A file whose content is the one listed.
 * @param {string} address
 * @param {string} hash
 */
async function download(address, hash) {
  const response = await fetch(address, { cache: 'no-cache' });
  const content = await response.arrayBuffer();
  if (!response.ok || (await sha256(content)) !== hash) throw new Error(`${address} is not of the version that is listed`);
  // They are about what came over the network.
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return new Response(content, { headers });
}
