/** Fetches one file; what goes wrong is a coded error that names it. */

import { cancelled, fileUnreadable, messageOf } from './errors.js';
import { noAnswer, objection, shownAddress } from './host-answer.js';

/** @typedef {import('./errors.js').GlossaError} GlossaError */

/**
 * @param {string} address
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Response>} the file: with a status of success, and no web page in its place
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `cancelled`
 */
export async function fetchFile(address, { signal } = {}) {
  const { response, found } = await ask(address, signal);
  if (found) throw found.error;
  return response;
}

/**
 * A file that need not be there. Hosts that answer with a web page, or refuse (status 401 or 403), may have no such file.
 * @param {string} address
 * @param {{ signal?: AbortSignal, onDoubt?: (error: GlossaError) => void }} [options] `onDoubt` is called with
 *   what {@link fetchFile} would have thrown, if it is missing but the host has left that open
 * @returns {Promise<Response | undefined>}
 * @throws {GlossaError} `file_unreadable`, `cancelled`
 */
export async function fetchIfThere(address, { signal, onDoubt } = {}) {
  const { response, found } = await ask(address, signal);
  if (!found) return response;
  if (!found.absent) throw found.error;
  if (found.doubtful) onDoubt?.(found.error);
  return undefined;
}

/**
 * The host's answer, and what speaks against it.
 * @param {string} address
 * @param {AbortSignal} [signal]
 */
async function ask(address, signal) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    throw signal?.aborted ? cancelled(signal) : noAnswer(address, error);
  }
  const found = await objection(response, address);
  if (signal?.aborted) throw cancelled(signal);
  // What is not wanted is not downloaded to its end.
  if (found) response.body?.cancel().catch(() => {});
  return { response, found };
}

/**
 * The body, or another part, of a response to {@link fetchFile}.
 * @template T
 * @param {Promise<T>} part such as `response.text()`
 * @param {string} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 * @throws {GlossaError} `file_unreadable`, `cancelled`
 */
export async function readable(part, address, signal) {
  try {
    return await part;
  } catch (error) {
    throw signal?.aborted ? cancelled(signal) : fileUnreadable(shownAddress(address), messageOf(error), error);
  }
}
