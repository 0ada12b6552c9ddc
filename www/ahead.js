/** Fetches a model's files while the engine, which says what it needs, is still on its way. */

import { get, kept } from './kept.js';

/**
 * Begins to fetch the bundle in a folder; of what is none, only that there is no manifest is found out.
 * @param {string} model absolute address
 * @returns {(address: string) => Promise<Response | ArrayBuffer>} as `get`, or the bytes where the device has them; what
 *   is on its way already is given out once
 */
export function fetchAhead(model) {
  const folder = model.replace(/\/+$/, '');
  /** @type {Map<string, Promise<Response | ArrayBuffer>>} */
  const coming = new Map();
  const begin = (address, response) => {
    // Whether it matters that one fails is for those to say who ask for it.
    response.catch(() => {});
    coming.set(address, response);
  };
  if (!/\.zip$/i.test(folder)) {
    const manifest = `${folder}/manifest.json`;
    const response = get(manifest);
    begin(manifest, response.then((found) => found.clone()));
    const files = async () => {
      for (const { path, sha256, bytes } of (await (await response).json()).files) {
        const address = `${folder}/${path}#sha256=${sha256}`;
        begin(address, file(address, bytes));
      }
    };
    // A manifest that cannot be read is the engine's to refuse.
    files().catch(() => {});
  }
  return async (address) => {
    const response = coming.get(address);
    coming.delete(address);
    return response ?? get(address);
  };
}

/** From the device as a whole; from the network as it comes, so that it can be told how far that is. */
async function file(address, bytes) {
  const found = await kept(address);
  return found ? found.arrayBuffer() : buffered(await fetch(address), bytes);
}

/** A response whose body comes in though nobody reads it yet, up to a number of bytes. */
function buffered(response, bytes) {
  if (!response.ok || !response.body) return response;
  const size = new ByteLengthQueuingStrategy({ highWaterMark: bytes });
  return new Response(response.body.pipeThrough(new TransformStream(undefined, undefined, size)), response);
}
