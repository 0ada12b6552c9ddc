/** The thread's own `fetch`, as it is when it is called: a thread may have been left without one. */

/**
 * @param {string} address
 * @param {RequestInit} [how]
 */
export const ownFetch = (address, how) => globalThis.fetch(address, how);
