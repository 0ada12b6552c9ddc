/** Where the engine's files are. */

import { baseAddress } from './base-address.js';
import { GlossaError } from './errors.js';

/**
 * Where the engine's files are, if they are not found by themselves.
 * @typedef {object} Places
 * @property {string | URL} [workerUrl] the address, relative to the page, of the worker's script
 * @property {string | URL} [wasmUrl] the address, relative to the page, of the folder with the folders `simd` and `relaxed-simd`, in
 *   each of which is `glossa_bg.wasm`
 */

/** @type {Places} */
let configured = {};

/**
 * Says where the engine's files are, for all annotators and documents from now on.
 * @param {Places} places
 * @throws {GlossaError} `option_invalid`: what is given is no address
 */
export function configure({ workerUrl, wasmUrl }) {
  const places = { workerUrl, wasmUrl };
  for (const [name, place] of Object.entries(places)) absolute(name, place);
  configured = places;
}

/**
 * The absolute addresses of the engine's files, as far as they are given.
 * @param {Places} [own] take precedence over those that are configured
 * @returns {{ workerUrl?: string, wasmUrl?: string }}
 * @throws {GlossaError} `option_invalid`
 */
export function placesOf({ workerUrl = configured.workerUrl, wasmUrl = configured.wasmUrl } = {}) {
  return { workerUrl: absolute('workerUrl', workerUrl), wasmUrl: absolute('wasmUrl', wasmUrl) };
}

/**
 * @param {string} name
 * @param {string | URL | undefined} place
 */
function absolute(name, place) {
  if (place === undefined) return undefined;
  try {
    return new URL(place, baseAddress()).href;
  } catch (error) {
    throw new GlossaError('option_invalid', `option ${name}: ${place} is not an address`, { cause: error });
  }
}
