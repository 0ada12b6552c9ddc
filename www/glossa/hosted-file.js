/**
 * A file that a host has begun to send. If its body stands still or breaks off, it is taken up again where it was, as far
 * as the host can send the rest of the same version; otherwise it is begun again, once.
 */

import { abortable } from './abort.js';
import { askHost } from './ask-host.js';
import { DEFAULT_RULES } from './download-rules.js';
import { GlossaError, cancelled, fileUnreadable, messageOf } from './errors.js';
import { FileContent, joined } from './file-content.js';
import { shownAddress } from './host-answer.js';
import { peek } from './peek.js';
import { Stalled } from './stall-watch.js';

/** @typedef {import('./ask-host.js').Answer} Answer */
/** @typedef {import('./file-content.js').Content} Content */

/** Milliseconds before each attempt to take a download up again: a network that has just gone may be back. */
const PAUSES_MS = [0, 500, 1000, 2000, 4000];
/** Waits for nothing, one after the other, after which a download is given up earlier. */
const VAIN_WAITS = 2;

/**
 * How a download was interrupted.
 * @typedef {object} Interruption
 * @property {string} said in words
 * @property {boolean} stalled whether it was waited for in vain
 */

export class HostedFile {
  #first;
  #answer;
  #options;
  /** Whether the host can send parts, as far as is known. */
  #sendsParts = true;

  /**
   * @param {string} address
   * @param {Answer} answer
   * @param {import('./ask-host.js').AskOptions} [options] with which it was asked for
   */
  constructor(address, answer, options = {}) {
    this.address = address;
    this.#first = answer.response;
    this.#answer = answer;
    this.#options = options;
  }

  /** The host's answer, whose body has not been read. */
  get response() {
    return this.#first;
  }

  /** Leaves the body unread. */
  cancel() {
    discard(this.#answer);
  }

  /**
   * The first bytes, which leaves the body to be read.
   * @param {number} count how many, if there are as many
   * @returns {Promise<Uint8Array | undefined>} undefined if the body breaks off before: whoever reads it is told
   */
  async peek(count) {
    const { response, watch } = this.#answer;
    watch.progress();
    try {
      return await peek(response, count);
    } finally {
      watch.pause();
    }
  }

  /**
   * Reads the body.
   * @param {object} [options]
   * @param {number} [options.length] bytes that the file is to have
   * @param {boolean} [options.checked] whether the caller compares its hash, so that parts of different versions would be noticed
   * @param {(bytes: number) => void} [options.onLoaded] called with the bytes that have come
   * @returns {Promise<Content>} in one piece if its length is given and it is to be hashed and kept
   * @throws {GlossaError} `file_unreadable`, `file_mismatch` (by its length), `redirect_refused`, `cancelled`
   */
  async read({ length, checked = false, onLoaded = () => {} } = {}) {
    const content = new FileContent(this.address, length);
    let furthest = 0;
    let begunAgain = false;
    let vain = 0;
    let interruption = await this.#readOn(content, onLoaded);
    for (const pause of PAUSES_MS) {
      if (!interruption) break;
      vain = interruption.stalled && content.loaded <= furthest ? vain + 1 : 0;
      if (vain === VAIN_WAITS) break;
      furthest = Math.max(furthest, content.loaded);
      await this.#pause(pause);
      const answer = await this.#askForRest(content.loaded, checked);
      if ('said' in answer) {
        interruption = answer;
        continue;
      }
      if (content.loaded && answer.response.status !== 206) {
        if (begunAgain) {
          discard(answer);
          break;
        }
        begunAgain = true;
        content.clear();
      }
      this.#answer = answer;
      interruption = await this.#readOn(content, onLoaded);
    }
    if (!interruption) return content.complete();
    const far = progressOf(Math.max(furthest, content.loaded), length ?? lengthOf(this.#first));
    throw fileUnreadable(shownAddress(this.address), `the download came as far as ${far}: ${interruption.said}; try again later`);
  }

  /** The whole body, for small files. */
  async bytes() {
    return joined(await this.read());
  }

  /** The whole body as text in UTF-8. */
  async text() {
    return new TextDecoder().decode(await this.bytes());
  }

  /**
   * Reads what the host sends now.
   * @param {FileContent} content
   * @param {(bytes: number) => void} onLoaded
   * @returns {Promise<Interruption | undefined>} undefined if that was the end
   */
  async #readOn(content, onLoaded) {
    const { response, watch } = this.#answer;
    const reader = (response.body ?? new Blob().stream()).getReader();
    watch.progress();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        watch.progress();
        content.add(value);
        onLoaded(content.loaded);
      }
    } catch (error) {
      reader.cancel().catch(() => {});
      this.#refuseIfCancelled();
      if (error instanceof GlossaError) throw error;
      if (watch.stalled) return { said: watch.stalled.message, stalled: true };
      return { said: `the connection broke off (${messageOf(error)})`, stalled: false };
    } finally {
      watch.end();
    }
  }

  /**
   * Asks for what has not come, or if the host cannot send that, for the whole file.
   * @param {number} loaded bytes that have come
   * @param {boolean} checked
   * @returns {Promise<Answer | Interruption>} what can be read, or what is in the way
   */
  async #askForRest(loaded, checked) {
    const headers = loaded && this.#sendsParts ? rangeFrom(loaded, this.#first, checked) : undefined;
    /** @type {Answer} */
    let answer;
    try {
      answer = await askHost(this.address, { ...this.#options, cache: headers ? 'no-store' : 'reload', headers });
    } catch (error) {
      const { code, message, cause } = /** @type {GlossaError} */ (error);
      if (code !== 'file_unreadable') throw error;
      return { said: message.replace(/^.*?: cannot be read: /, ''), stalled: cause instanceof Stalled };
    }
    const { found, response } = answer;
    const { status } = response;
    const certain = checked || Boolean(headers?.['if-range']);
    const isRest = status === 206 && headers && continues(response, this.#first, loaded, certain);
    if (!found && (isRest || status === 200)) return answer;
    discard(answer);
    // It has changed meanwhile, or the host counts otherwise.
    if (status === 206 || status === 416) this.#sendsParts = false;
    return { said: `the host answers with status ${status}`, stalled: false };
  }

  /** @param {number} milliseconds */
  async #pause(milliseconds) {
    const { signal, rules = DEFAULT_RULES } = this.#options;
    // Who waits less for a host waits less before it is asked again.
    const least = rules.stallTimeout ? Math.min(milliseconds, rules.stallTimeout) : milliseconds;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const pause = new Promise((resolve) => (timer = setTimeout(resolve, least)));
    await abortable(pause, signal, () => clearTimeout(timer));
  }

  #refuseIfCancelled() {
    const { signal } = this.#options;
    if (signal?.aborted) throw cancelled(signal);
  }
}

/** @param {Answer} answer */
function discard({ response, watch }) {
  watch.end();
  response.body?.cancel().catch(() => {});
}

/**
 * The headers by which the rest of a file is asked for; undefined if its parts might be of different versions without anybody
 * noticing. A part is of the file as it is read, not as it is compressed on its way: browsers ask for it uncompressed.
 * @param {number} loaded
 * @param {Response} first the answer that was interrupted
 * @param {boolean} checked
 * @returns {Record<string, string> | undefined}
 */
function rangeFrom(loaded, first, checked) {
  const range = `bytes=${loaded}-`;
  const tag = tagOf(first);
  const version = tag ?? first.headers.get('last-modified');
  // To another origin the condition would need the host's permission; and it is about the file as it was compressed.
  if (version && first.type !== 'cors' && !first.headers.get('content-encoding')) return { range, 'if-range': version };
  return checked || tag ? { range } : undefined;
}

/**
 * Whether a part is of the same version, and begins where the file was interrupted, as far as its host tells.
 * @param {Response} part
 * @param {Response} first
 * @param {number} loaded
 * @param {boolean} certain whether a part of another version would not have come, or would be noticed
 */
function continues(part, first, loaded, certain) {
  const range = part.headers.get('content-range');
  if (range && !range.startsWith(`bytes ${loaded}-`)) return false;
  const tags = [tagOf(part), tagOf(first)];
  return tags[0] && tags[1] ? tags[0] === tags[1] : certain;
}

/**
 * The tag of a version; undefined if the host gives none, or one that different bytes may have.
 * @param {Response} response
 */
function tagOf({ headers }) {
  const tag = headers.get('etag');
  return tag && !tag.startsWith('W/') ? tag : undefined;
}

/**
 * The bytes that a body will have; 0 where the host does not tell. The length of a compressed body is none of what is
 * read, and whether one from another origin is compressed is not told.
 * @param {Response} response
 */
export function lengthOf({ headers, type }) {
  const plain = type !== 'cors' && !headers.get('content-encoding');
  return (plain && Number(headers.get('content-length'))) || 0;
}

/**
 * @param {number} loaded
 * @param {number} total 0 if it is not known
 */
const progressOf = (loaded, total) => (total ? `${loaded} of ${total} bytes` : `${loaded} bytes`);
