/** One request for a file, and the beginning of the host's answer. */

import { DEFAULT_RULES, refuseRedirect } from './download-rules.js';
import { GlossaError, cancelled, fileUnreadable } from './errors.js';
import { noAnswer, objection, shownAddress } from './host-answer.js';
import { ownFetch } from './own-fetch.js';
import { StallWatch } from './stall-watch.js';

/**
 * `cache` and `headers` are those of `fetch`; `rules` are the default ones if left out.
 * @typedef {object} AskOptions
 * @property {AbortSignal} [signal]
 * @property {import('./download-rules.js').DownloadRules} [rules]
 * @property {RequestCache} [cache]
 * @property {Record<string, string>} [headers]
 * @property {(address: string, how: RequestInit) => Promise<Response>} [fetch] instead of the thread's own
 */

/**
 * @typedef {object} Answer
 * @property {Response} response whose body has not been read
 * @property {import('./host-answer.js').Objection} [found] what speaks against taking it for the file
 * @property {StallWatch} watch ends the request if its body stands still; at rest as long as nobody reads it
 */

/**
 * @param {string} address
 * @param {AskOptions} [options]
 * @returns {Promise<Answer>}
 * @throws {GlossaError} `file_unreadable`: there was no answer, or it did not begin in time; `redirect_refused`, `cancelled`
 */
export async function askHost(address, { signal, rules = DEFAULT_RULES, cache, headers, fetch = ownFetch } = {}) {
  const watch = new StallWatch(rules.stallTimeout, signal);
  watch.progress();
  try {
    const response = await fetch(address, { signal: watch.signal, cache, headers });
    try {
      refuseRedirect(response, address, rules);
    } catch (error) {
      response.body?.cancel().catch(() => {});
      throw error;
    }
    const found = await objection(response, address);
    watch.refuseIfEnded();
    watch.pause();
    return { response, found, watch };
  } catch (error) {
    watch.end();
    throw signal?.aborted ? cancelled(signal) : told(error, address, watch);
  }
}

/**
 * @param {unknown} error
 * @param {string} address
 * @param {StallWatch} watch
 */
function told(error, address, { stalled }) {
  if (stalled) return fileUnreadable(shownAddress(address), `the host did not answer: ${stalled.message}; try again later`, stalled);
  return error instanceof GlossaError ? error : noAnswer(address, error);
}
