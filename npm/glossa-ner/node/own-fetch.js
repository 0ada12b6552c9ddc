/** The thread's own `fetch`, and in Node of files on disk too. */

import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} address
 * @param {RequestInit} [how]
 */
export async function ownFetch(address, how) {
  if (!address.startsWith('file:')) return globalThis.fetch(address, how);
  try {
    const file = await openAsBlob(fileURLToPath(address));
    const type = address.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
    return new Response(file.stream(), { headers: { 'content-length': String(file.size), 'content-type': type } });
  } catch {
    return new Response(null, { status: 404 });
  }
}
