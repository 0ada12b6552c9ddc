import { loadOurs } from '../engines.js';
import { interleave, summary } from '../measure.js';
import { longDocument } from '../texts.js';

const WINDOWS = [16, 32, 64, 96, 128, 192, 256, 384, 512];
const CHARACTERS = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
/** Documents above this are read once: they take as long as many short ones. */
const LONG = 30_000;
/** More characters than a word piece of these texts ever has on average, so that a text fills its window. */
const CHARACTERS_PER_PIECE = 8;

/**
 * How time and memory grow: a window of 16 to 512 word pieces, and a document of 1 KB to 1 MB, both on one thread, by the small
 * model. Memory is that of WebAssembly, which never shrinks: documents are read from the shortest on.
 */
export async function growth({ rounds, tell }) {
  tell('loading ours');
  const { load, memory } = await loadOurs('relaxed-simd');
  const annotator = await load('/www/models/cellular/');
  const documents = [];
  for (const characters of CHARACTERS) {
    tell(`a document of ${characters / 1000} KB`);
    await new Promise((resolve) => setTimeout(resolve));
    const text = longDocument(characters);
    const runs = characters < LONG ? await interleave({ it: () => annotator.annotate(text, {}) }, { rounds: 3, warmup: 1 }) : undefined;
    const start = performance.now();
    if (!runs) annotator.annotate(text, {});
    const took = runs ? summary(runs.it).median : performance.now() - start;
    documents.push({ characters: text.length, ms: took, memory: memory.buffer.byteLength });
  }
  const windows = {};
  for (const pieces of WINDOWS) {
    tell(`loading ours for windows of ${pieces} word pieces`);
    const own = await load('/www/models/cellular/', { maxSentenceLength: pieces });
    const text = longDocument(pieces * CHARACTERS_PER_PIECE).slice(0, pieces * CHARACTERS_PER_PIECE);
    windows[pieces] = () => own.annotate(text, { mode: 'truncate' });
  }
  const times = await interleave(windows, { rounds, onRound: (done) => tell(`windows, round ${done} of ${rounds}`) });
  return { windows: Object.entries(times).map(([pieces, list]) => ({ pieces: Number(pieces), ms: summary(list).median })), documents };
}
