/**
 * Whole versions of the page on this device. `pkg/page-files.json`, which the build writes, lists a version's files with
 * their SHA-256; a version is kept when all its files have come and are those listed, and otherwise not at all.
 *
 * A deployment replaces files one by one, and hosts and caches on the way may be late with some of them: until everything
 * fits, the version before is the newest.
 */

import { askHost } from '../glossa/ask-host.js';
import { withoutQuery } from '../glossa/base-address.js';
import { joined } from '../glossa/file-content.js';
import * as hashedCache from '../glossa/hashed-cache.js';
import { HostedFile } from '../glossa/hosted-file.js';
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
  /** @type {Map<string, Listing>} what versions consist of, as far as it has been asked for */
  #known = new Map();

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
   * A file of a version. One that is damaged or gone comes from the host anew, if that still has the version's.
   * @param {string} version
   * @param {string} address
   * @returns {Promise<Response | undefined>} undefined if the version has none at that address, or is not known; an error's
   *   response if the file cannot be had any more: another version's would not do
   */
  async file(version, address) {
    const listing = this.#known.get(version) ?? (await this.#listingOf(version));
    const plain = withoutQuery(address);
    const file = filesOf(listing).find(({ path }) => this.#addressOf(path) === plain);
    return file && this.#keptOrNew(version, file).catch(() => Response.error());
  }

  /**
   * Whether all files of a version are there, those included that are damaged and now come from the host anew.
   * @param {string} version
   */
  async isWhole(version) {
    const files = filesOf(await this.#listingOf(version));
    const found = files.map((file) => this.#keptOrNew(version, file));
    return files.length > 0 && Promise.all(found).then(() => true, () => false);
  }

  /**
   * Removes all versions but those named, the newest, and the one before, which a visit may be about to begin with.
   * @param {Set<string>} used
   */
  async keepOnly(used) {
    const newest = await Promise.all([CURRENT, PREVIOUS].map((name) => this.#state.read(name)));
    const kept = [...used, ...newest.map((state) => state?.text ?? '')];
    const names = kept.map((version) => this.#nameOf(version));
    for (const version of this.#known.keys()) if (!kept.includes(version)) this.#known.delete(version);
    for (const name of await caches.keys()) {
      if (name.startsWith(this.#nameOf('')) && !names.includes(name)) await caches.delete(name);
    }
  }

  /**
   * Whether the host's page is that of a version.
   * @param {string} version
   * @param {Response} page
   */
  async isPageOf(version, page) {
    const listed = filesOf(await this.#listingOf(version)).find(({ path }) => path === './');
    const content = listed && (await page.clone().arrayBuffer().catch(() => undefined));
    return content !== undefined && (await sha256(content)) === listed?.sha256;
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
      const same = before && old.get(file.path) === file.sha256 ? await this.#kept(before, file) : undefined;
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
    await hashedCache.tidy(address, binary.sha256, hashedCache.ENGINE);
  }

  /**
   * What a version consists of; undefined if it is not kept, or its list is damaged.
   * @param {string} version
   * @returns {Promise<Listing | undefined>}
   */
  async #listingOf(version) {
    const response = await this.#match(version, this.#addressOf(LISTING));
    const listing = response && (await listingIn(response).catch(() => undefined));
    if (listing?.version !== version) return undefined;
    this.#known.set(version, listing);
    return listing;
  }

  /**
   * @param {string} version
   * @param {PageFile} file
   * @throws if neither the device nor the host has it
   */
  async #keptOrNew(version, file) {
    const kept = await this.#kept(version, file);
    if (kept) return kept;
    const address = this.#addressOf(file.path);
    const anew = await download(address, file.sha256);
    const cache = await this.#open(version);
    await cache?.put(address, anew.clone()).catch(() => {});
    return anew;
  }

  /**
   * A file as it is kept; undefined if it is not, or is damaged.
   * @param {string} version
   * @param {PageFile} file
   * @returns {Promise<Response | undefined>}
   */
  async #kept(version, { path, sha256: hash }) {
    const response = await this.#match(version, this.#addressOf(path));
    const content = await response?.arrayBuffer().catch(() => undefined);
    if (!response || !content || (await sha256(content)) !== hash) return undefined;
    return new Response(content, { headers: response.headers });
  }

  /**
   * @param {string} version
   * @param {string} address
   */
  async #match(version, address) {
    const cache = await this.#open(version);
    return cache?.match(address).catch(() => undefined);
  }

  /**
   * A version's cache; undefined if there is none.
   * @param {string} version
   * @returns {Promise<Cache | undefined>}
   */
  async #open(version) {
    try {
      const name = this.#nameOf(version);
      // To open a cache is to make it.
      return (await caches.has(name)) ? await caches.open(name) : undefined;
    } catch {
      return undefined;
    }
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
 * A list of a version's files; undefined if a response is none, such as a web page in its place, or is damaged.
 * @param {Response} response
 * @returns {Promise<Listing | undefined>}
 */
async function listingIn(response) {
  if (!response.ok) return undefined;
  const text = await response.text();
  try {
    const { version, files, engines } = JSON.parse(text);
    // The version's name is made from what it consists of, by scripts/page-files.mjs.
    const said = new TextEncoder().encode(JSON.stringify([files, engines]));
    return version === (await sha256(said)) && engines[binaryName()] ? { version, files, engines } : undefined;
  } catch {
    return undefined;
  }
}

/** That the host's file is not the one that its list says. */
class Unfit extends Error {}

/**
 * A file whose content is the one listed.
 * @param {string} address
 * @param {string} hash
 */
async function download(address, hash) {
  const options = { cache: /** @type {const} */ ('no-cache'), fetch };
  const answer = await askHost(address, options);
  const { ok, status, headers } = answer.response;
  const file = new HostedFile(address, answer, options);
  if (!ok) file.cancel();
  if (status >= 500) throw new Error(`${address}: status ${status}`);
  const content = ok ? joined(await file.read({ checked: true })) : undefined;
  if (!content || (await sha256(content)) !== hash) throw new Unfit(`${address} is not the file that is listed`);
  // Some are about what came over the network.
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return new Response(content, { headers: kept });
}
