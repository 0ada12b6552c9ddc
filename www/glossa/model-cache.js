/** Whether a model can be loaded without the network. */

import { baseAddress } from './base-address.js';
import * as hashedCache from './hashed-cache.js';
import { ModelAddress } from './model-address.js';

/**
 * Whether the device has a version of a model bundle, kept when it was loaded before.
 * @param {string | URL} model the address, relative to the page, of the bundle's folder
 * @returns {Promise<boolean>}
 */
export async function isModelCached(model) {
  return hashedCache.has(new ModelAddress(new URL(model, baseAddress())).of('model.onnx'));
}
