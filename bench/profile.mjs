// Profiles a window by function, with the browser's profiler.
//
//   wasm-bindgen --target web --no-typescript --out-name glossa --out-dir DIR target/wasm32-unknown-unknown/web/glossa_ner.wasm
//   node bench/profile.mjs DIR
//
// `./build.sh build` leaves that file for the binary it built last. Unlike the shipped one, it has function names.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { launching } from '../tests/browser/harness.mjs';
import { root, serve } from './server.mjs';
import { sentences } from './texts.js';

const { chromium } = createRequire(join(root, 'package.json'))('playwright-core');

const RUNS = 100;
const SHOWN = 16;
const bindings = process.argv[2];
if (!bindings) throw new Error('the folder of the bindings is missing: see the top of this file');

const server = await serve({
  folders: [
    ['/pkg/', resolve(bindings)],
    ['/', join(root, 'www')],
  ],
});
const browser = await chromium.launch(launching);
try {
  const page = await browser.newPage();
  await page.goto(server.address);
  const run = () =>
    page.evaluate(
      async ({ text, runs }) => {
        const engine = await import('/pkg/glossa.js');
        if (!globalThis.annotator) {
          const { downloadModel } = await import('/glossa/worker/download-model.js');
          await engine.default({ module_or_path: '/pkg/glossa_bg.wasm' });
          const { name, files } = await downloadModel(`${location.origin}/models/cellular`, () => {});
          globalThis.annotator = engine.Annotator.fromFiles(name, files, {});
        }
        for (let i = 0; i < runs; i++) globalThis.annotator.annotate(text, { mode: 'truncate' });
      },
      { text: sentences(30).join(' '), runs: RUNS },
    );
  // Warm-up: the first runs use code that is not optimised yet.
  await run();
  const session = await page.context().newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 200 });
  await session.send('Profiler.start');
  await run();
  const { profile } = await session.send('Profiler.stop');

  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(unnamed)']));
  const times = new Map();
  profile.samples.forEach((id, i) => {
    const name = names.get(id);
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]);
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  for (const [name, time] of [...times].sort(([, a], [, b]) => b - a).slice(0, SHOWN)) {
    console.log(`${(time / 1000 / RUNS).toFixed(2).padStart(7)} ms ${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
  }
} finally {
  await browser.close();
  server.close();
}
