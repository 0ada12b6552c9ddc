/** Addresses. */

/**
 * An address without its query and fragment.
 * @param {string} address absolute
 */
export const withoutQuery = (address) => address.replace(/[?#].*$/s, '');

/** What relative addresses are relative to: the page's base address, or in a worker its script's address. */
export const baseAddress = () => {
  const { document } = /** @type {{ document?: { baseURI: string } }} */ (globalThis);
  return document?.baseURI ?? location.href;
};
