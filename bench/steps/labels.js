import { loadOurs } from '../engines.js';
import { abstracts } from '../texts.js';

const ABSTRACTS = 100;

/** Compares the labels of the int8 model with those of the same model in f32, and the labels of the two binaries. */
export async function labels({ tell, size = ABSTRACTS }) {
  const given = await (await fetch('/texts.json')).json();
  const texts = given.length ? given : abstracts(size);
  const [relaxed, simd] = [await loadOurs('relaxed-simd'), await loadOurs('simd')];
  const int8 = await relaxed.load('/www/models/cellular/');
  const plain = await simd.load('/www/models/cellular/');
  const f32 = await relaxed.load('/models/cellular-f32/', { precision: 'f32' });
  let tokens = 0;
  let same = 0;
  let binariesDiffer = 0;
  for (const [i, text] of texts.entries()) {
    tell(`text ${i + 1} of ${texts.length}`);
    const [ours, exact, other] = [int8, f32, plain].map((annotator) => annotator.label(text, {}));
    tokens += ours.length;
    same += ours.filter(({ label }, i) => label === exact[i].label).length;
    binariesDiffer += ours.filter(({ label }, i) => label !== other[i].label).length;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { texts: texts.length, own: !given.length, tokens, same, share: same / tokens, binariesDiffer };
}
