/** What a host's answer to a request for a file means: the file, nothing of that name, or a refusal. */

import { withoutQuery } from './base-address.js';
import { fileMissing, fileUnreadable, messageOf } from './errors.js';
import { peek } from './peek.js';

/** @typedef {import('./errors.js').GlossaError} GlossaError */

/** What hosts mean by a status, for people. Servers since HTTP/2 no longer say it themselves. */
const STATUSES = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [410, 'Gone'],
  [416, 'Range Not Satisfiable'],
  [429, 'Too Many Requests'],
  [451, 'Unavailable For Legal Reasons'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
]);

/** Statuses of a host that does not say whether there is such a file, as S3's for those who may not list its files. */
const UNSAID = [401, 403];
/** 204: there is nothing to be sent. */
const MISSING = [204, 404, 410];

/** Bytes by which a web page is told from a file. */
const START = 512;
const WEB_PAGE_TYPE = /^(text\/html|application\/xhtml\+xml)\b/i;
/** Types that are only given to what they say, and to large files, whose beginning is not looked at. */
const BINARY_TYPE = /^application\/(wasm|octet-stream|zip|x-zip-compressed)\b/i;
const HTML = /^\ufeff?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html|head|body|title|meta|script)\b/i;

/**
 * An address as errors show it: without the query, where signatures are.
 * @param {string} address
 */
export const shownAddress = withoutQuery;

/**
 * What speaks against taking a response for the file that was asked for.
 * @typedef {object} Objection
 * @property {GlossaError} error
 * @property {boolean} absent whether there may be no such file
 * @property {boolean} doubtful whether the host has left open if there is
 */

/**
 * @param {Response} response whose body has not been read
 * @param {string} address that was asked for
 * @returns {Promise<Objection | undefined>} undefined if it is the file
 */
export async function objection(response, address) {
  const file = shownAddress(address);
  const { status } = response;
  if (MISSING.includes(status)) return { error: fileMissing(file), absent: true, doubtful: false };
  if (!response.ok) {
    const unsaid = UNSAID.includes(status);
    return { error: fileUnreadable(file, reasonOf(status)), absent: unsaid, doubtful: unsaid };
  }
  if (await isWebPage(response, file)) {
    const from = response.redirected ? `, from ${shownAddress(response.url)}` : '';
    const reason = `the host answers with a web page instead${from}`;
    return { error: fileMissing(file, reason), absent: true, doubtful: true };
  }
  return undefined;
}

/** @param {number} status */
function reasonOf(status) {
  const name = STATUSES.get(status);
  const said = `status ${status}${name ? `, ${name}` : ''}`;
  if (status === 401 || status === 403) return `the host refuses it, or does not have it (${said})`;
  if (status === 429) return `the host has been asked too often (${said}); try again later`;
  if (status >= 500) return `the host failed (${said}); try again later`;
  return `the host does not give it (${said})`;
}

/**
 * Whether the response is a web page. Hosts of single-page applications answer with one, and status 200, for whatever
 * they do not have.
 * @param {Response} response
 * @param {string} file
 */
async function isWebPage(response, file) {
  const type = response.headers.get('content-type') ?? '';
  if (BINARY_TYPE.test(type)) return false;
  const bytes = await peek(response, START);
  if (!bytes) return WEB_PAGE_TYPE.test(type);
  const start = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (HTML.test(start)) return true;
  if (!WEB_PAGE_TYPE.test(type)) return false;
  // Some hosts give the type of web pages to whatever they do not know.
  const json = /\.json$/i.test(file) && /^\ufeff?\s*[[{]/.test(start);
  const binary = bytes.some((byte) => byte < 9);
  return !json && !binary;
}

/**
 * Why there was no answer to a request; browsers do not tell, so that pages cannot explore a network.
 * @param {string} address
 * @param {unknown} error that `fetch` threw
 */
export function noAnswer(address, error) {
  const file = shownAddress(address);
  if (/^file:/i.test(address)) return fileUnreadable(file, FROM_DISK, error);
  const said = messageOf(error);
  // That of a frame's location would hide that the frame has none.
  const { origin } = globalThis;
  if (!origin || !/^https?:/i.test(address) || new URL(address).origin === origin) {
    return fileUnreadable(file, `there was no answer (${said}); is the network there?`, error);
  }
  const reason =
    origin === 'null'
      ? `there was no answer (${said}). ${WITHOUT_ORIGIN}`
      : `there was no answer (${said}). Either the network or the host is not there, or the host does not allow pages ` +
        `of ${origin} to read its files (CORS)`;
  return fileUnreadable(file, reason, error);
}

export const FROM_DISK =
  'browsers do not let a page that is opened from the disk (file://) read files or start workers; serve its folder by a ' +
  'web server, such as `./build.sh serve`, and open it there';
export const WITHOUT_ORIGIN =
  'This page is in a frame without an origin of its own (sandbox without allow-same-origin), which browsers give neither ' +
  'workers nor storage nor files; open it in a tab, or add allow-same-origin';
