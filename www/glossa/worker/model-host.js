/** A model's host: what it has of the model's files, and what it says of those that it has not. */

import { GlossaError } from '../errors.js';
import { fetchFile, fetchIfThere } from '../fetch-file.js';
import { ModelAddress, isZip } from '../model-address.js';

/**
 * What a bundle's files are downloaded from.
 * @typedef {object} BundleHost
 * @property {string} name what the model is called after
 * @property {boolean} isFolder whether the manifest has an address of its own
 * @property {(path: string) => string} of the address of a file
 * @property {(path: string, cache?: RequestCache) => Promise<import('../hosted-file.js').HostedFile>} fetch a file
 */

/** A bundle whose files are anywhere, such as where a bundler has put them. */
export class ScatteredHost {
  isFolder = false;
  #addresses;
  #rules;

  /**
   * @param {string} name
   * @param {import('../download-rules.js').DownloadRules | undefined} rules
   * @param {Record<string, string>} addresses absolute, by path
   */
  constructor(name, rules, addresses) {
    this.name = name;
    this.#rules = rules;
    this.#addresses = addresses;
  }

  /**
   * @param {string} path
   * @throws {GlossaError} `file_missing`
   */
  of(path) {
    const address = Object.hasOwn(this.#addresses, path) ? this.#addresses[path] : undefined;
    if (!address) throw new GlossaError('file_missing', `${this.name}: ${path}: the model lists it and has no address of it`);
    return address;
  }

  /**
   * @param {string} path
   * @param {RequestCache} [cache]
   * @throws {GlossaError} `file_missing`, `file_unreadable`, `redirect_refused`
   */
  async fetch(path, cache) {
    return fetchFile(this.of(path), { rules: this.#rules, cache });
  }
}

export class ModelHost {
  /** @type {Map<string, GlossaError>} what to say of the files of which the host left open whether it has them */
  #doubts = new Map();

  /**
   * @param {string} address absolute
   * @param {import('../download-rules.js').DownloadRules} [rules]
   */
  constructor(address, rules) {
    this.address = new ModelAddress(address);
    this.rules = rules;
  }

  /** What the model is called after. */
  get name() {
    return this.address.name;
  }

  isFolder = true;

  /**
   * The address of a file of the model's folder.
   * @param {string} path
   */
  of(path) {
    return this.address.of(path);
  }

  /**
   * A file of the model's folder.
   * @param {string} path
   * @param {RequestCache} [cache]
   * @throws {GlossaError} `file_missing`, `file_unreadable`, `redirect_refused`
   */
  fetch(path, cache) {
    return fetchFile(this.address.of(path), { rules: this.rules, cache });
  }

  /**
   * A file of the model's folder; `undefined` if there is none.
   * @param {string} path
   * @throws {GlossaError} `file_unreadable`, `redirect_refused`
   */
  fetchIfThere(path) {
    const onDoubt = (/** @type {GlossaError} */ error) => this.#doubts.set(path, error);
    return fetchIfThere(this.address.of(path), { rules: this.rules, onDoubt });
  }

  /**
   * Whether there is a file in the model's folder, of which nothing is downloaded.
   * @param {string} path
   * @throws {GlossaError} `file_unreadable`, `redirect_refused`
   */
  async isThere(path) {
    const file = await this.fetchIfThere(path);
    file?.cancel();
    return Boolean(file);
  }

  /**
   * What is at the address itself, if that is an archive: a download's address need not end in `.zip`.
   * @throws {GlossaError} `file_unreadable`, `redirect_refused`
   */
  async archiveIfThere() {
    if (/\/$/.test(new URL(this.address.href).pathname)) return undefined;
    const file = await fetchIfThere(this.address.href, { rules: this.rules });
    if (!file || (await isZip(file))) return file;
    file.cancel();
    return undefined;
  }

  /**
   * The archive at the address.
   * @throws {GlossaError} `file_missing`, `file_unreadable`, `redirect_refused`
   */
  archive() {
    return fetchFile(this.address.href, { rules: this.rules });
  }

  /**
   * Throws if there is no ONNX file among those found and the host left open whether there is one.
   * @param {string[]} found paths
   */
  explainMissingGraph(found) {
    if (found.some((path) => path.endsWith('.onnx'))) return;
    const graphs = [...this.#doubts].filter(([path]) => path.endsWith('.onnx'));
    // Of the many names that were tried, the one that people know.
    const told = graphs.find(([path]) => path === 'model.onnx') ?? graphs[0];
    if (told) throw told[1];
  }

  /** Throws if none of the files was found and the host left open whether there are any. */
  explainNothingFound() {
    const [first] = this.#doubts.values();
    if (!first) return;
    const paths = [...this.#doubts.keys()].join(', ');
    if (first.code !== 'file_missing') throw new GlossaError(first.code, `${first.message}. The same goes for ${paths}`);
    const message =
      `${this.address.name}: no model known: the host answers with a web page instead of each of ${paths}. ` +
      'Its files are elsewhere, or the host does not give them';
    throw new GlossaError('model_unrecognised', message);
  }
}
