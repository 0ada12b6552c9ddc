// What a keystroke costs in a text that has been annotated, against annotating the whole text: how many windows are run for it,
// and how long it takes in one worker, from the text to its chunks. Prints both for each model.
//
//   node bench/typing.mjs [CHARACTERS]
import { browser, serve } from '../tests/browser/harness.mjs';
import { machine } from './machine.mjs';
import { longDocument } from './texts.js';

const text = longDocument(Number(process.argv[2] ?? 10_000));
/** Places in the text, evenly spread, at each of which every edit is made. */
const PLACES = 20;

const { cpu, cpuClass, cores, load } = machine();
console.log(`${cpu}, class ${cpuClass}, ${cores} cores, load ${load}; a text of ${text.length} characters`);
const server = await serve({ '/plain.html': '<!doctype html><title>Typing</title>' });
const chromium = await browser();
const page = await chromium.newPage();
await page.goto(`${server.address}plain.html`);
for (const model of ['cellular', 'clinical_trials']) {
  const { whole, edits } = await page.evaluate(measure, [`${server.address}models/${model}/`, text, PLACES]);
  console.log(`\n${model}: the whole text ${whole.milliseconds} ms, ${whole.windows} windows`);
  const all = Object.values(edits).flat();
  for (const [name, measured] of [...Object.entries(edits), ['all', all]]) {
    const share = middle(measured.map(({ milliseconds }) => milliseconds)) / whole.milliseconds;
    const counts = measured.map(({ windowsRun }) => windowsRun);
    const two = counts.filter((count) => count <= 2).length / counts.length;
    console.log(
      `  ${name.padEnd(16)} median ${middle(measured.map(({ milliseconds }) => milliseconds))} ms (${(100 * share).toFixed(1)} %),` +
        ` windows run: mean ${(counts.reduce((sum, count) => sum + count) / counts.length).toFixed(2)}, most ${Math.max(...counts)}, two or less ${(100 * two).toFixed(0)} %`,
    );
  }
}
await chromium.close();
server.close();

function middle(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Runs in the page. */
async function measure([model, text, places]) {
  const { Annotator } = await import(new URL('/glossa/index.js', location.href).href);
  const annotator = await Annotator.create({ model, workers: 1 });
  const timed = async (text, options) => {
    const start = performance.now();
    const { windows, windowsRun } = await annotator.annotate(text, options);
    return { milliseconds: Math.round(performance.now() - start), windows, windowsRun };
  };
  await timed(text);
  const whole = await timed(text);
  await timed(text, { reuseWindows: true });
  const edits = {
    'a letter': (text, at) => `${text.slice(0, at)}x${text.slice(at)}`,
    'a space': (text, at) => `${text.slice(0, at)} ${text.slice(at)}`,
    'a full stop': (text, at) => `${text.slice(0, at)}. ${text.slice(at)}`,
    'an empty line': (text, at) => `${text.slice(0, at)}\n\n${text.slice(at)}`,
    'a letter less': (text, at) => text.slice(0, at) + text.slice(at + 1),
    'a word': (text, at) => `${text.slice(0, at)} NF-kappa B ${text.slice(at)}`,
    'a sentence less': (text, at) => text.slice(0, at) + text.slice(at + 100),
  };
  const measured = {};
  for (const [name, edit] of Object.entries(edits)) {
    measured[name] = [];
    for (let i = 0; i < places; i++) {
      const at = Math.floor((text.length * (i + 0.5)) / places);
      measured[name].push(await timed(edit(text, at), { reuseWindows: true }));
    }
  }
  annotator.dispose();
  return { whole, edits: measured };
}
