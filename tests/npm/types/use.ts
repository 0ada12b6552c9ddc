// What one writes, and what must not compile: a line after `@ts-expect-error` that compiles is an error.
import { Annotator, GlossaError, configure, isModelCached, readDocuments, writeDocuments } from 'glossa-ner';
import type { Annotation, AnnotateOptions, Chunk, Document, Info, LoadProgress } from 'glossa-ner';
import 'glossa-ner/element';
import { formats } from 'glossa-ner/formats';
import cellular from 'glossa-ner-cellular';
import trials from 'glossa-ner-clinical-trials';

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
const same = <One, Other>(_: Same<One, Other>): void => {};

const annotator = await Annotator.create({
  model: cellular,
  options: { precision: 'int8' },
  workers: 2,
  onProgress: (event: LoadProgress) => {
    if (event.stage === 'download') console.log(event.file.length, event.loaded / event.total);
    // @ts-expect-error: only a download has a file
    if (event.stage === 'engine') console.log(event.file);
  },
});
same<typeof annotator.info, Info>(true);
const options: AnnotateOptions = { threshold: 0.5, mode: 'window' };
const annotation = await annotator.annotate('text', { ...options, signal: new AbortController().signal });
same<typeof annotation, Annotation>(true);
const [chunk] = annotation.chunks;
same<typeof chunk, Chunk>(true);
const end: number = chunk.begin + chunk.text.length;
const left: number | undefined = annotation.truncatedFrom;
// @ts-expect-error: a mode that there is not
await annotator.annotate('text', { mode: 'sentence' });
// @ts-expect-error: a text is a string
await annotator.annotate(7);
// @ts-expect-error: an option that there is not
await annotator.annotate('text', { treshold: 1 });

for await (const outcome of annotator.annotateAll(['one', 'two'], { threshold: 0.5 })) {
  if (outcome.error) console.log(outcome.index, outcome.error.code);
  else same<typeof outcome.annotation, Annotation>(true);
}

await Annotator.create({ model: trials });
await Annotator.create({ model: 'models/mine/' });
await Annotator.create({ model: new URL('https://example.org/model.zip'), workerUrl: '/w.js', wasmUrl: new URL('https://example.org/wasm/') });
await Annotator.create({ model: await fetch('model.zip') });
await Annotator.create({ files: { 'model.zip': new Blob() }, name: 'mine' });
// @ts-expect-error: a model is an address, a package's model or an answer
await Annotator.create({ model: 7 });

for await (const { id, document, error } of readDocuments([new File([], 'a.nbib')])) {
  const read: Document | undefined = document && (await annotator.annotateDocument(document));
  console.log(id, read?.passages?.[0]?.kind, error?.code);
}
const { bytes, warnings } = await writeDocuments([{ id: '1', text: '' }], 'bioc-json');
console.log(bytes.byteLength, warnings[0]?.times, (await formats())[0]?.name, await isModelCached('models/mine/'), end, left);
const element = document.querySelector('glossa-text');
if (element) {
  element.source = cellular;
  element.addEventListener('glossa-annotated', ({ detail }) => console.log(detail.annotation.chunks.length, element.state === 'done'));
  // @ts-expect-error: a state that there is not
  console.log(element.state === 'ready');
}
configure({ workerUrl: '/w.js' });
try {
  annotator.dispose();
} catch (error) {
  if (error instanceof GlossaError) console.log(error.code.length);
}
await annotator[Symbol.asyncDispose]();
