/** A file's bytes as they come. */

import { fileMismatch, fileUnreadable, messageOf } from './errors.js';
import { shownAddress } from './host-answer.js';

/**
 * A file's bytes, in one piece or in consecutive chunks.
 * @typedef {Uint8Array<ArrayBuffer> | Uint8Array<ArrayBuffer>[]} Content
 */

/** Bytes of a file from which on it is held in chunks: it is neither hashed nor kept. */
export const LARGEST_WHOLE = 256 << 20;

export class FileContent {
  #address;
  #length;
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  #whole;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  /** Bytes that have come. */
  loaded = 0;

  /**
   * @param {string} address for errors
   * @param {number} [length] bytes that the file is to have; then it is held in one piece, unless it is large
   * @throws {GlossaError} `file_unreadable`: there is no memory for it
   */
  constructor(address, length) {
    this.#address = shownAddress(address);
    this.#length = length;
    try {
      if (length !== undefined && length <= LARGEST_WHOLE) this.#whole = new Uint8Array(length);
    } catch (error) {
      throw fileUnreadable(this.#address, messageOf(error), error);
    }
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @throws {GlossaError} `file_mismatch`: there are more than the file is to have
   */
  add(bytes) {
    if (this.#length !== undefined && this.loaded + bytes.length > this.#length) {
      throw fileMismatch(this.#address, `${this.#length} bytes`, 'more');
    }
    if (this.#whole) this.#whole.set(bytes, this.loaded);
    else this.#chunks.push(bytes);
    this.loaded += bytes.length;
  }

  /** Begins again. */
  clear() {
    this.#chunks = [];
    this.loaded = 0;
  }

  /**
   * @returns {Content}
   * @throws {GlossaError} `file_mismatch`: there are fewer bytes than the file is to have
   */
  complete() {
    if (this.#length !== undefined && this.loaded !== this.#length) {
      throw fileMismatch(this.#address, `${this.#length} bytes`, `${this.loaded} bytes`);
    }
    return this.#whole ?? this.#chunks;
  }
}

/**
 * @param {Content} content
 * @returns {Uint8Array<ArrayBuffer>} in one piece
 */
export function joined(content) {
  if (!Array.isArray(content)) return content;
  const whole = new Uint8Array(content.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of content) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
