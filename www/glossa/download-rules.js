/** What downloads may do: how long one may stand still, and to which other origins a host may send it on. */

import { GlossaError } from './errors.js';
import { shownAddress } from './host-answer.js';

/**
 * @typedef {object} DownloadOptions
 * @property {number} [stallTimeout] milliseconds after which a download that makes no progress is ended. It is taken up again
 *   where it was if the host can do that, otherwise begun again once; then it fails with `file_unreadable`. By default
 *   30,000; 0 for no limit
 * @property {string[]} [allowedOrigins] origins beside that of an address to which its host may redirect, such as
 *   `https://cdn.example.org` or `https://*.example.org`. Other redirects to another origin fail with `redirect_refused`,
 *   except those of huggingface.co to its own storage
 *
 * @typedef {Required<DownloadOptions>} DownloadRules
 */

/** @type {DownloadRules} */
export const DEFAULT_RULES = { stallTimeout: 30_000, allowedOrigins: [] };

/** Hosts that keep files on other origins of their own, which whoever gives their address does not know of. */
const OWN_STORAGE = new Map([['https://huggingface.co', ['https://*.huggingface.co', 'https://*.hf.co']]]);

/** A timer that is set for longer goes off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * @param {DownloadOptions} options
 * @returns {DownloadRules}
 * @throws {GlossaError} `option_invalid`
 */
export function rulesOf({ stallTimeout = DEFAULT_RULES.stallTimeout, allowedOrigins = DEFAULT_RULES.allowedOrigins }) {
  if (typeof stallTimeout !== 'number' || !(stallTimeout >= 0 && stallTimeout <= LONGEST_TIMER)) {
    const range = `a number of milliseconds from 0 (no limit) to ${LONGEST_TIMER}`;
    throw new GlossaError('option_invalid', `option stallTimeout: ${String(stallTimeout)} is not ${range}`);
  }
  if (!Array.isArray(allowedOrigins)) {
    throw new GlossaError('option_invalid', 'option allowedOrigins: a list of origins is required');
  }
  return { stallTimeout, allowedOrigins: allowedOrigins.map(originOf) };
}

/** @param {unknown} given */
function originOf(given) {
  const { protocol, origin, href } = parsed(given);
  if (/^https?:$/.test(protocol) && href === `${origin}/`) return origin;
  const reason = "is not an origin, such as 'https://cdn.example.org' or 'https://*.example.org'";
  throw new GlossaError('option_invalid', `option allowedOrigins: ${JSON.stringify(given)} ${reason}`);
}

/** @param {unknown} given */
function parsed(given) {
  try {
    return new URL(/** @type {string} */ (given));
  } catch {
    return { protocol: '', origin: '', href: '' };
  }
}

/**
 * Throws if a host has sent the request on to an origin that is not allowed.
 * @param {Response} response whose body has not been read
 * @param {string} address that was asked for
 * @param {DownloadRules} rules
 * @throws {GlossaError} `redirect_refused`
 */
export function refuseRedirect({ redirected, url }, address, { allowedOrigins }) {
  if (!redirected) return;
  const [from, to] = [new URL(address).origin, new URL(url).origin];
  const allowed = [from, ...(OWN_STORAGE.get(from) ?? []), ...allowedOrigins];
  if (allowed.some((origin) => covers(origin, to))) return;
  throw new GlossaError(
    'redirect_refused',
    `${shownAddress(address)}: ${from} sends the download on to ${to}, which is not allowed. If the files may come from ` +
      `there, allow it: allowedOrigins: ['${to}']`,
  );
}

/**
 * @param {string} allowed an origin, or all below one: `https://*.example.org`
 * @param {string} origin
 */
function covers(allowed, origin) {
  const [scheme, below] = allowed.split('//*');
  if (below === undefined) return allowed === origin;
  return origin.startsWith(`${scheme}//`) && origin.endsWith(below) && origin.length > allowed.length - 1;
}
