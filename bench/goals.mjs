// The performance goals, and whether the measurements meet them.

/** The CPU class: A has avx_vnni, which V8 uses for relaxed int8 dot products; B does not. */
export const TARGETS = {
  A: { small: 2.5, base: 2.5, document: 2.5, batchPeer: 2 },
  B: { small: 2, base: 2.2, document: 2, batchPeer: 1.5 },
};
const SIMD = 1.2;
/** Best time of Spark NLP 5.5.3 for 100 abstracts with the small model, on two cores of class B, in seconds. */
export const SPARK_SECONDS = 9.7;

const PEER = /^(onnxruntime-web|LiteRT\.js|transformers\.js)/;

/** The fastest peer of a step. */
export function fastestPeer({ times }) {
  const peers = Object.entries(times).filter(([name]) => PEER.test(name));
  return peers.reduce((best, peer) => (peer[1].median < best[1].median ? peer : best));
}

/** The fastest peer's time divided by ours. */
const ahead = (step, ours) => fastestPeer(step)[1].median / step.times[ours].median;

/** A part of a goal: a value with a minimum or a maximum. */
const atLeast = (value, target) => ({ value, target: `>= ${target}`, met: value >= target });
const atMost = (value, target) => ({ value, target: `<= ${target}`, met: value <= target });

/** The parts of each goal, by name. Throws for a goal whose step was not measured. */
const PARTS = {
  1: ({ 'window-small': small, 'window-base': base }, targets) => ({
    [`small, against the fastest peer (${fastestPeer(small)[0]})`]: atLeast(ahead(small, 'ours, relaxed-simd'), targets.small),
    [`BERT-base, against the fastest peer (${fastestPeer(base)[0]})`]: atLeast(ahead(base, 'ours, relaxed-simd'), targets.base),
    'small, plain simd128': atLeast(ahead(small, 'ours, simd'), SIMD),
    'BERT-base, plain simd128': atLeast(ahead(base, 'ours, simd'), SIMD),
  }),
  2: ({ document }, targets) => ({ 'against transformers.js': atLeast(ahead(document, 'ours'), targets.document) }),
  3: ({ batch: { times } }, targets) => ({
    'two workers against one': atLeast(times['ours, 1 worker'].median / times['ours, 2 workers'].median, 1.7),
    'against onnxruntime-web on two threads': atLeast(
      times['onnxruntime-web int8, 2 threads'].median / times['ours, 2 workers'].median,
      targets.batchPeer,
    ),
  }),
  4: ({ 'window-small': { times } }) =>
    Object.fromEntries(
      ['relaxed-simd', 'simd'].map((binary) => [
        `20 pieces against 128, ${binary}`,
        atMost(times[`ours, ${binary}, 20 pieces`].median / times[`ours, ${binary}`].median, 0.25),
      ]),
    ),
  5: ({ native: { times, texts, cores } }) => {
    const peer = Math.min(...Object.entries(times).map(([name, { median }]) => (name.startsWith('onnx') ? median : Infinity)));
    const perSecond = (1000 * texts) / times[`glossa, ${cores} threads`].median;
    return {
      'one thread against onnxruntime int8': atLeast(peer / times['glossa, 1 thread'].median, 1),
      'all cores against Spark NLP’s recorded documents a second': atLeast(perSecond / (100 / SPARK_SECONDS), 10),
    };
  },
  6: ({ opening, sizes }) => ({
    'seconds to the first highlight': atMost(opening.times['cold open to first highlight'].median / 1000, 1),
    'binaries fetched': atMost(opening.fetched.length, 1),
    ...Object.fromEntries(
      Object.entries(sizes.sizes).map(([name, bytes]) => [`MB of ${name}, brotli`, atMost(bytes / 1e6, 1.6)]),
    ),
  }),
  7: ({ labels }) => ({
    'tokens labelled as in f32': atLeast(labels.share, 0.999),
    'tokens that the binaries label differently': atMost(labels.binariesDiffer, 0),
  }),
  8: ({ 'memory-small': small, 'memory-base': base }) => ({
    'small, heap against file': atMost(peak(small) / small.file, 3),
    'BERT-base int8 after load, MB': atMost(held(base.loaded) / 1e6, 350),
    'growth over 1,000 documents, MB': atMost((small.after.engine - small.used.engine) / 1e6, 0),
  }),
};

/** The engine's memory plus the JS heap, which does not include it. */
const held = ({ engine, heap = 0 }) => engine + heap;
const peak = ({ loaded, used, after }) => Math.max(...[loaded, used, after].filter(Boolean).map(held));

const rounded = (value) => Number(value.toPrecision(4));

/** @returns {{ goal: number, value: object | null, target: object, met: boolean, command: string, parts?: object }[]} */
export function goals(measured, cpuClass) {
  return Object.keys(PARTS).map((number) => {
    const goal = Number(number);
    const command = `./build.sh bench --only ${goal}`;
    let parts;
    try {
      parts = PARTS[goal](measured, TARGETS[cpuClass]);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return { goal, value: null, target: null, met: false, command, reason: 'not measured' };
    }
    const pick = (what) => Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, what(part)]));
    return {
      goal,
      value: pick(({ value }) => rounded(value)),
      target: pick(({ target }) => target),
      met: Object.values(parts).every(({ met }) => met),
      command,
    };
  });
}

/** The steps that measure each goal. */
export const STEPS_OF = {
  1: ['window-small', 'window-base'],
  2: ['document'],
  3: ['batch'],
  4: ['window-small'],
  5: ['native'],
  6: ['opening', 'sizes'],
  7: ['labels'],
  8: ['memory-small', 'memory-base'],
};
