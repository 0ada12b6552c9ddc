// The performance goals, and whether the measurements meet them.

/** What a class of processor is to reach (machine.mjs says what A and B are): ratios, and seconds of the cold open. */
export const TARGETS = {
  A: { small: 1.35, base: 1.35, document: 2.5, batchPeer: 2, open: 0.9 },
  B: { small: 1.8, base: 1.5, document: 2, batchPeer: 1.5, open: 1.5 },
};
/** The command line on one thread against onnxruntime: its code depends on the processor, not on the browser. */
const NATIVE = { avx512_vnni: 1.5, other: 1.2 };
/** Megabytes of a binary, as tests/browser/size.test.mjs has it. */
const SIZE = 2.3;
/** Best time of Spark NLP 5.5.3 for 100 abstracts with the small model, on two cores of class B, in seconds. */
export const SPARK_SECONDS = 9.7;

const PEER = /^(onnxruntime|LiteRT\.js|transformers\.js)/;
export const peersOf = ({ times = {} }) => Object.entries(times).filter(([name]) => PEER.test(name));
/** onnxruntime-web's binary has no relaxed instructions; LiteRT.js chooses the one that the browser can run. */
const PLAIN = /^onnxruntime-web/;

/** The fastest peer of a step, of those whose name matches. */
export function fastestPeer(step, which = PEER) {
  const peers = peersOf(step).filter(([name]) => which.test(name));
  return peers.reduce((best, peer) => (peer[1].median < best[1].median ? peer : best));
}

/** The fastest peer's time divided by ours. */
const ahead = (step, ours, which) => fastestPeer(step, which)[1].median / step.times[ours].median;

/** A part of a goal: a value with a minimum or a maximum. */
const atLeast = (value, target) => ({ value, target: `>= ${target}`, met: value >= target });
const atMost = (value, target) => ({ value, target: `<= ${target}`, met: value <= target });

/** The parts of each goal, by name. Throws for a goal whose step was not measured. */
const PARTS = {
  1: ({ 'window-small': small, 'window-base': base }, targets) => ({
    [`small, against the fastest peer (${fastestPeer(small)[0]})`]: atLeast(ahead(small, 'ours, relaxed-simd'), targets.small),
    [`BERT-base, against the fastest peer (${fastestPeer(base)[0]})`]: atLeast(ahead(base, 'ours, relaxed-simd'), targets.base),
    [`small, plain simd128 against ${fastestPeer(small, PLAIN)[0]}`]: atLeast(ahead(small, 'ours, simd', PLAIN), 1),
    [`BERT-base, plain simd128 against ${fastestPeer(base, PLAIN)[0]}`]: atLeast(ahead(base, 'ours, simd', PLAIN), 1),
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
  5: ({ native: { times, texts, many, cores } }, targets, { cpuFlags }) => {
    const peer = fastestPeer({ times })[1].median;
    const perSecond = (1000 * texts) / times[`glossa, ${cores} threads`].median;
    const alone = times[`glossa, ${many} abstracts, 1 thread`].median;
    const together = times[`glossa, ${many} abstracts, ${cores} threads`].median;
    const least = cpuFlags.includes('avx512_vnni') ? NATIVE.avx512_vnni : NATIVE.other;
    return {
      'one thread against onnxruntime int8': atLeast(peer / times['glossa, 1 thread'].median, least),
      [`speed per core on ${many} abstracts, all cores against one`]: atLeast(alone / together / cores, 0.9),
      'all cores against Spark NLP’s recorded documents a second': atLeast(perSecond / (100 / SPARK_SECONDS), 10),
    };
  },
  6: ({ opening, sizes }, targets) => ({
    'seconds to the first highlight': atMost(opening.times['cold open to first highlight'].median / 1000, targets.open),
    'binaries fetched': atMost(opening.fetched.length, 1),
    ...Object.fromEntries(
      Object.entries(sizes.sizes).map(([name, bytes]) => [`MB of ${name}, brotli`, atMost(bytes / 1e6, SIZE)]),
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
export function goals(measured, about) {
  return Object.keys(PARTS).map((number) => {
    const goal = Number(number);
    const command = `./build.sh bench --only ${goal}`;
    let parts;
    try {
      parts = PARTS[goal](measured, TARGETS[about.cpuClass], about);
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

/** Steps of no goal. */
export const OTHER_STEPS = ['growth'];
