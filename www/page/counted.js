/** Numbers as the page writes them. */

export const number = new Intl.NumberFormat('en');

/**
 * @param {number} count
 * @param {string} noun
 */
export const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? '' : 's'}`;

/** @param {number} bytes */
export const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
