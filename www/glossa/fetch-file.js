/** Fetches one file; what goes wrong is a coded error that names it. */

import { askHost } from './ask-host.js';
import { cancelled, fileUnreadable, messageOf } from './errors.js';
import { shownAddress } from './host-answer.js';
import { HostedFile } from './hosted-file.js';
import { Stalled } from './stall-watch.js';

/** @typedef {import('./ask-host.js').AskOptions} AskOptions */
/** @typedef {import('./errors.js').GlossaError} GlossaError */

/**
 * @param {string} address
 * @param {AskOptions} [options]
 * @returns {Promise<HostedFile>} the file: with a status of success, and no web page in its place
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `redirect_refused`, `cancelled`
 */
export async function fetchFile(address, options = {}) {
  const { file, found } = await ask(address, options);
  if (found) throw found.error;
  return file;
}

/**
 * A file that need not be there. Hosts that answer with a web page, or refuse (status 401 or 403), may have no such file.
 * @param {string} address
 * @param {AskOptions & { onDoubt?: (error: GlossaError) => void }} [options] `onDoubt` is called with
 *   what {@link fetchFile} would have thrown, if it is missing but the host has left that open
 * @returns {Promise<HostedFile | undefined>}
 * @throws {GlossaError} `file_unreadable`, `redirect_refused`, `cancelled`
 */
export async function fetchIfThere(address, { onDoubt, ...options } = {}) {
  const { file, found } = await ask(address, options);
  if (!found) return file;
  if (!found.absent) throw found.error;
  if (found.doubtful) onDoubt?.(found.error);
  return undefined;
}

/**
 * The host's answer, and what speaks against it. A host that does not answer in time is asked once more.
 * @param {string} address
 * @param {AskOptions} options
 */
async function ask(address, options) {
  const answer = await askHost(address, options).catch((error) => {
    if (error.cause instanceof Stalled) return askHost(address, options);
    throw error;
  });
  const file = new HostedFile(address, answer, options);
  // What is not wanted is not downloaded to its end.
  if (answer.found) file.cancel();
  return { file, found: answer.found };
}

/**
 * The outcome of reading or checking a file.
 * @template T
 * @param {Promise<T>} part such as `blob.text()`
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
