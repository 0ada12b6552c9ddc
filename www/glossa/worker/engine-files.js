/** The engine's files as `build.sh` makes them: in the folder `pkg`, for each of the two binaries a folder with it and its bindings. */

import { fileUnreadable, messageOf } from '../errors.js';
import { fetchFile } from '../fetch-file.js';
import { shownAddress } from '../host-answer.js';

/** @typedef {import('../download-rules.js').DownloadRules} DownloadRules */
/** @typedef {import('./wasm-binary.js').Bindings} Bindings */

/**
 * The folder that has a folder of each binary. This module and the bundle of the worker, `pkg/worker/worker.js`, are
 * both two folders below the folder of the page, so the same relative address does for both.
 */
const BINARIES = new URL('../../pkg/', import.meta.url).href;

/**
 * @param {string} name of the binary
 * @param {string} [folder] the address of another folder of binaries
 * @param {number} [renewals] how many engines there have been before: the bindings hold one as long as they are the same module,
 *   which is one by its address
 * @param {DownloadRules} [rules]
 * @returns {Promise<{ bindings: Bindings, hash: string | undefined, address: string }>} the bindings, and the hash and the address
 *   of the binary that belongs to them
 * @throws {import('../errors.js').GlossaError} `file_missing`, `file_unreadable`, `redirect_refused`
 */
export async function engineFiles(name, folder = BINARIES, renewals = 0, rules = undefined) {
  const query = renewals ? `?renewed=${renewals}` : '';
  const bindings = await importBindings(new URL(`${name}/glossa.js${query}`, folder).href, rules);
  return { bindings, hash: bindings.sha256, address: new URL(`${name}/glossa_bg.wasm`, folder).href };
}

/**
 * @param {string} address
 * @param {DownloadRules} [rules]
 * @returns {Promise<Bindings & { sha256?: string }>} `sha256`: of the binary; `build.sh` adds it
 */
async function importBindings(address, rules) {
  try {
    // Bundlers are not to follow it.
    return await inTime(import(/* webpackIgnore: true */ /* @vite-ignore */ address), rules?.stallTimeout ?? 0);
  } catch (error) {
    // `import` does not tell what is wrong with a script; a request for it may, which is not to wait for the script either.
    (await fetchFile(address, { rules, cache: 'no-store' })).cancel();
    throw fileUnreadable(shownAddress(address), messageOf(error), error);
  }
}

/**
 * A script's progress is not told, so its limit is for all of it.
 * @template T
 * @param {Promise<T>} script
 * @param {number} limit milliseconds; 0 for none
 * @returns {Promise<T>}
 */
async function inTime(script, limit) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    if (limit) timer = setTimeout(() => reject(new Error(`it has not come within ${limit / 1000} seconds`)), limit);
  });
  try {
    return await Promise.race([script, late]);
  } finally {
    clearTimeout(timer);
  }
}
