/** The address of a model: a folder, or an archive. */

/** What begins a zip: a file's header, or the end of an empty one. */
const ZIP = [0x50, 0x4b];
const ZIP_TYPE = /^application\/(zip|x-zip-compressed)\b/i;

/** A model's address, of which the query, such as a signature, holds for every file below it. */
export class ModelAddress {
  #url;

  /** @param {string | URL} address absolute */
  constructor(address) {
    this.#url = new URL(address);
    this.#url.hash = '';
    /** The address without its query, as errors show it and as the model is called after. */
    this.name = this.#url.href.slice(0, this.#url.href.length - this.#url.search.length).replace(/\/+$/, '');
    /** Whether there can be files below it: below a blob's address there are none. */
    this.isFolder = this.#url.host !== '' || this.#url.protocol === 'file:';
    /** Whether it is an archive by its path. */
    this.isArchive = !this.isFolder || /\.zip\/*$/i.test(this.#url.pathname);
  }

  /** The address as it is, to fetch an archive from. */
  get href() {
    const url = new URL(this.#url);
    if (this.isArchive && this.isFolder) url.pathname = url.pathname.replace(/\/+$/, '');
    return url.href;
  }

  /** The folder of an archive and its file name, which ends in `.zip`. */
  get archive() {
    const cut = this.name.lastIndexOf('/');
    const file = this.isFolder ? decoded(this.name.slice(cut + 1)) : 'model';
    return { folder: this.isFolder ? this.name.slice(0, cut) : this.name, file: /\.zip$/i.test(file) ? file : `${file}.zip` };
  }

  /**
   * The address of a file of the folder.
   * @param {string} path relative to the folder
   */
  of(path) {
    const url = new URL(this.#url);
    const folder = url.pathname.replace(/\/+$/, '');
    url.pathname = `${folder}/${path.split('/').map(encodeURIComponent).join('/')}`;
    return url.href;
  }
}

/**
 * Whether a file is a zip, by its first bytes, or if there are none, by what its host says.
 * @param {import('./hosted-file.js').HostedFile} file
 */
export async function isZip(file) {
  const start = await file.peek(ZIP.length);
  if (!start) return ZIP_TYPE.test(file.response.headers.get('content-type') ?? '');
  return ZIP.every((byte, i) => start[i] === byte);
}

/**
 * What begins with a `%` and is no escape, in a path; hosts read such a path each in their own way.
 * @param {string} path
 * @returns {string | undefined}
 */
export function strayPercent(path) {
  return path.match(/%(?![0-9a-f]{2}).{0,2}/i)?.[0];
}

/**
 * A part of an address as people read it; as it stands if a `%` in it is no escape.
 * @param {string} part
 */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
