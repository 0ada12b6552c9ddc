/** Whether a model is the one that a caller expects, by its hash as Subresource Integrity writes it. */

import { GlossaError, fileMismatch } from './errors.js';
import { canHash } from './sha256.js';

/** Algorithms, the strongest first. */
const ALGORITHMS = ['sha512', 'sha384', 'sha256'];

/**
 * The hashes of the strongest algorithm: as a browser does with a script, any of them will do.
 * @param {string} integrity such as `sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`, or several with white space between
 * @returns {{ algorithm: string, hashes: string[] }} in base64
 * @throws {GlossaError} `option_invalid`: it has none that is known, or this page cannot compute them
 */
export function expectedHashes(integrity) {
  if (!canHash) throw invalid('this page computes no hashes, since it has no secure context: serve it by https');
  const parts = String(integrity).split(/\s+/).filter(Boolean);
  // A hash may be followed by options, which mean nothing yet.
  const found = parts.map((part) => part.match(/^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(\?.*)?$/));
  const algorithm = ALGORITHMS.find((name) => found.some((match) => match?.[1] === name));
  if (!algorithm || found.includes(null)) {
    throw invalid(`${JSON.stringify(integrity)} is no list of hashes such as sha256- and the hash in base64`);
  }
  const hashes = found.flatMap((match) => (match?.[1] === algorithm ? [match[2].replaceAll('-', '+').replaceAll('_', '/')] : []));
  return { algorithm, hashes };
}

/**
 * @param {BufferSource} bytes
 * @param {string} integrity
 * @param {string} file names it in errors
 * @throws {GlossaError} `file_mismatch`; `option_invalid` as {@link expectedHashes}
 */
export async function checkIntegrity(bytes, integrity, file) {
  const { algorithm, hashes } = expectedHashes(integrity);
  const digest = await crypto.subtle.digest(algorithm.replace('sha', 'SHA-'), bytes);
  const found = btoa(String.fromCharCode(...new Uint8Array(digest)));
  if (hashes.some((hash) => hash.replace(/=+$/, '') === found.replace(/=+$/, ''))) return;
  throw fileMismatch(file, hashes.map((hash) => `${algorithm}-${hash}`).join(' or '), `${algorithm}-${found}`);
}

/** @param {string} reason */
const invalid = (reason) => new GlossaError('option_invalid', `option integrity: ${reason}`);

/** @param {string} what the model is given as */
export const notForIntegrity = (what) => invalid(`it is of a model's address or of a Response, not of ${what}`);
