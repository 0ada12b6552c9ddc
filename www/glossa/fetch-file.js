/** Fetches one file; what goes wrong is a coded error that names it. */

import { cancelled, fileMissing, fileUnreadable, messageOf } from './errors.js';

/**
 * @param {string} address
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Response>} with a status of success
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `cancelled`
 */
export async function fetchFile(address, { signal } = {}) {
  const response = await readable(fetch(address, { signal }), address, signal);
  if (response.status === 404 || response.status === 410) throw fileMissing(address);
  if (!response.ok) throw fileUnreadable(address, `status ${response.status}`);
  return response;
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
    throw signal?.aborted ? cancelled(signal) : fileUnreadable(address, messageOf(error), error);
  }
}
