/** SHA-256 by the browser, which computes it on a thread of its own. */

/** Whether the browser computes it. Pages without a secure context (plain http) do not have `crypto.subtle`. */
export const canHash = Boolean(globalThis.crypto?.subtle);

/**
 * @param {BufferSource} bytes
 * @returns {Promise<string>} 64 lower-case hexadecimal digits
 */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
