/** How long the network is waited for if the device has an answer. */

const PATIENCE_MS = 1500;

/**
 * What the network gives, or if it fails or takes longer, what the device has.
 * @template T
 * @param {Promise<T>} network
 * @param {T} kept
 * @returns {Promise<T>}
 */
export async function firstInTime(network, kept) {
  let timer;
  const patience = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, kept)));
  try {
    return await Promise.race([network, patience]);
  } catch {
    return kept;
  } finally {
    clearTimeout(timer);
  }
}
