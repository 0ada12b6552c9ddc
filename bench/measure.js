/** Interleaved timing: contenders take turns, so that a slow machine slows them all. */

/**
 * Runs every contender once per round, each round in another order.
 * @param {Record<string, () => unknown>} contenders
 * @param {{ rounds: number, warmup?: number, onRound?: (done: number) => void }} options
 * @returns {Promise<Record<string, number[]>>} milliseconds per round, by contender
 */
export async function interleave(contenders, { rounds, warmup = 3, onRound }) {
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  warmup = Math.min(warmup, rounds);
  for (let round = -warmup; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + warmup) % names.length];
      const start = performance.now();
      await contenders[name]();
      const took = performance.now() - start;
      if (round >= 0) times[name].push(took);
    }
    onRound?.(round + 1);
  }
  return times;
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

/** Median, 10th and 90th percentile of measurements. */
export function summary(values) {
  const [p10, median, p90] = [0.1, 0.5, 0.9].map((q) => quantile(values, q));
  return { median, p10, p90, least: Math.min(...values), count: values.length };
}

/** How far apart the measurements of one contender are: from the 10th to the 90th percentile, as a share of the median. */
export const spread = ({ median, p10, p90 }) => (p90 - p10) / median;

export const summaries = (times) => Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summary(list)]));
