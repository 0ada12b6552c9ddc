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
import { fetch } from './own-network.js';
import { State } from './state.js';

const LISTING = 'pkg/page-files.json';
const CURRENT = 'current';
const PREVIOUS = 'previous';
const UNFIT = 'unfit';
/**
 * How long the host's files may be others than those that its list says, before no version is shown any more: a deployment and
 * the caches on its way take minutes, a page that was changed without its list would stay hidden for ever.
 */
const UNFIT_MS = 60 * 60 * 1000;
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
  /** @type {Promise<string | undefined> | undefined} shared by all who wait for it: it goes on whoever leaves */
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
   * @returns {Promise<string | undefined>} the version, which is kept; undefined if the host has no list of a version's files
   * @throws if there is no network, or the version is not complete
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

  /**
   * Looks whether the host still has the page that its list says; {@link PageVersions.update} asks for the list alone.
   * @param {string | undefined} version
   */
  async checkPage(version) {
    const page = version && (await this.#listingOf(version))?.files.find(({ path }) => path === './');
    if (page) await this.#fitting(() => download(this.#scope, page.sha256));
  }

  async #update() {
    const response = await fetch(this.#addressOf(LISTING), { cache: 'no-cache' });
    if (response.status >= 500) throw new Error(`status ${response.status}`);
    const listing = await listingIn(response);
    if (!listing) return undefined;
    const { version } = listing;
    const before = await this.current();
    if (version === before && (await this.#listingOf(version))) return version;
    await this.#fitting(() => this.#install(listing, before));
    if (before && before !== version) await this.#state.write(PREVIOUS, before);
    // From now on, and not before, visits begin with this version.
    await this.#state.write(CURRENT, version);
    return version;
  }

  /**
   * Does what fails with `Unfit` if the host's files are not those listed. After an hour of that no version is the newest;
   * tabs that have one keep it.
   * @param {() => Promise<unknown>} look
   */
  async #fitting(look) {
    try {
      await look();
      await this.#state.remove(UNFIT);
    } catch (error) {
      if (error instanceof Unfit) {
        const unfit = await this.#state.read(UNFIT);
        if (!unfit) await this.#state.write(UNFIT, error.message);
        else if (Date.now() - unfit.since > UNFIT_MS) await this.#state.remove(CURRENT);
      }
      throw error;
    }
  }

  /**
   * @param {Listing} listing
   * @param {string | undefined} before the version that is newest so far
   */
  async #install(listing, before) {
    try {
      await this.#installAll(listing, before);
    } catch (error) {
      await caches.delete(this.#nameOf(listing.version));
      throw error;
    }
  }

  /**
   * @param {Listing} listing
   * @param {string | undefined} before
   */
  async #installAll(listing, before) {
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

/**
 * A list of a version's files; undefined if a response is none, such as a web page in its place.
 * @param {Response} response
 * @returns {Promise<Listing | undefined>}
 */
async function listingIn(response) {
  if (!response.ok) return undefined;
  const text = await response.text();
  try {
    const listing = JSON.parse(text);
    return listing.version && listing.files && listing.engines[binaryName()] ? listing : undefined;
  } catch {
    return undefined;
  }
}

/** That the host's file is not the one that its list says. */
class Unfit extends Error {}

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
  if (response.status >= 500) throw new Error(`${address}: status ${response.status}`);
  if (!response.ok || (await sha256(content)) !== hash) throw new Unfit(`${address} is not the file that is listed`);
  // They are about what came over the network.
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return new Response(content, { headers });
}
