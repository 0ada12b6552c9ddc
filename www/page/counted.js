/** Numbers as the page writes them. */

export const number = new Intl.NumberFormat('en');

/**
 * @param {number} count
 * @param {string} noun
 */
export const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? '' : 's'}`;

/** @param {number} bytes */
export const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/**
 * How long something still takes, as rough as it is known.
 * @param {number} milliseconds
 */
export function timeLeft(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return 'less than a minute left';
  if (minutes < 90) return `about ${counted(minutes, 'minute')} left`;
  return `about ${counted(Math.round(minutes / 60), 'hour')} left`;
}
