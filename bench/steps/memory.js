import { loadOurs } from '../engines.js';
import { abstracts, sentences } from '../texts.js';

const WAIT_MS = 60_000;

/**
 * Memory of a model, in bytes. `engine` is WebAssembly's memory, which never shrinks: its size is its peak. `heap` is the JS
 * heap, which excludes it; undefined if the browser does not report it.
 */
export async function memory({ bundle, documents, tell }) {
  tell('loading ours');
  const { load, memory } = await loadOurs('relaxed-simd');
  const empty = memory.buffer.byteLength;
  const manifest = await (await fetch(`${bundle}manifest.json`)).json();
  const file = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const annotator = await load(bundle);
  const measure = async () => ({ engine: memory.buffer.byteLength, heap: await heap() });
  const loaded = await measure();
  for (const text of abstracts(5)) annotator.annotate(text, {});
  const used = await measure();
  const texts = sentences(documents);
  for (const [i, text] of texts.entries()) {
    annotator.annotate(text, {});
    if (i % 50) continue;
    tell(`document ${i} of ${documents}`);
    await new Promise((resolve) => setTimeout(resolve));
  }
  const after = documents ? await measure() : undefined;
  return { file, empty, loaded, used, after, documents };
}

async function heap() {
  if (!crossOriginIsolated || !performance.measureUserAgentSpecificMemory) return undefined;
  const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  const measured = await Promise.race([performance.measureUserAgentSpecificMemory().catch(() => undefined), late]);
  return measured?.bytes;
}
