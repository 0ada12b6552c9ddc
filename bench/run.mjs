// Runs the measurements, and writes target/bench.json and the generated part of docs/performance.md.
//
//   node bench/run.mjs [--quick | --rounds N] [--only GOAL,GOAL] [--data DIR] [--even-if-busy]
//
// --only: goals or names of steps; the others keep their last results on this class of processor. --data: a folder of JSON lines
// with a `text` each, to compare labels on instead of our own sentences; the texts stay on this machine. --even-if-busy: write
// the report although a peer's times are far apart. --quick: few rounds, and no report.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { launching } from '../tests/browser/harness.mjs';
import { goals, OTHER_STEPS, peersOf, STEPS_OF } from './goals.mjs';
import { machine, versions } from './machine.mjs';
import { spread } from './measure.js';
import { native } from './native.mjs';
import { opening, sizes } from './opening.mjs';
import { outline, writeReport } from './report.mjs';
import { root, serve } from './server.mjs';

const { chromium } = createRequire(join(root, 'package.json'))('playwright-core');

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    data: { type: 'string' },
    'even-if-busy': { type: 'boolean', default: false },
  },
});

/** Rounds of a step, so that all take about ten minutes. */
const ROUNDS = { document: 15, batch: 7, native: 10, opening: 12, growth: 5 };
const USUAL_ROUNDS = 30;
/** The spread of a peer's times above which the machine has been busy with something else. */
const BUSY = 0.15;
/** Peers on several threads do not tell: their threads wait for each other, and for the browser's own. */
const SEVERAL = /, \d+ threads$/;

const python = join(root, 'target/bench/venv/bin/python');
const browser = {
  ...launching,
  // Exact memory figures at any time, not only after the next garbage collection.
  args: [...launching.args, '--enable-blink-features=ForceEagerMeasureMemory'],
};
const tell = (message) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${message}`);

function textsOf(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean));
  return lines.map((line) => JSON.parse(line).text);
}

/** Runs a step of the page in a new browser. */
async function inPage(name, options) {
  const server = await serve({ texts: flags.data ? textsOf(flags.data) : [] });
  const instance = await chromium.launch(browser);
  try {
    const page = await instance.newPage();
    page.on('pageerror', (error) => console.error(`the page: ${error.message}`));
    await page.goto(server.address);
    await page.waitForFunction(() => globalThis.bench);
    return await page.evaluate(([name, options]) => globalThis.bench.run(name, options), [name, options]);
  } finally {
    await instance.close();
    server.close();
  }
}

const roundsOf = (step) => (flags.quick ? 3 : Number(flags.rounds ?? ROUNDS[step] ?? USUAL_ROUNDS));
const OWN = {
  native: (rounds) => native({ rounds, python, tell }),
  opening: (rounds) => opening({ rounds, browser, tell }),
  sizes: () => sizes({ tell }),
};

const machineBefore = machine();
const kept = join(root, 'target', 'bench', `measured-${machineBefore.cpuClass}.json`);
mkdirSync(join(root, 'target', 'bench'), { recursive: true });
const wanted = flags.only?.split(',') ?? [...Object.keys(STEPS_OF), ...OTHER_STEPS];
const all = new Set([...Object.values(STEPS_OF).flat(), ...OTHER_STEPS]);
const unknown = wanted.filter((name) => !STEPS_OF[name] && !all.has(name));
if (unknown.length) throw new Error(`--only: there is no goal ${unknown}`);
const steps = new Set(wanted.flatMap((name) => STEPS_OF[name] ?? name));
const measured = flags.only && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
for (const step of steps) {
  const start = performance.now();
  try {
    const rounds = roundsOf(step);
    const result = await (OWN[step]?.(rounds) ?? inPage(step, { rounds }));
    measured[step] = { ...result, rounds, at: new Date().toISOString().slice(0, 16) };
  } catch (error) {
    // A failed step must not discard the results of the others.
    delete measured[step];
    console.error(`${step}: ${error.stack ?? error}`);
    process.exitCode = 1;
  }
  tell('');
  console.log(`${step}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  writeFileSync(kept, JSON.stringify(measured, null, 1));
}

const about = { ...machineBefore, ...(await versions(chromium, browser)) };
const list = goals(measured, about);
writeFileSync(join(root, 'target', 'bench.json'), `${JSON.stringify(list, null, 1)}\n`);
console.log(outline(list));
const busy = Object.entries(measured).flatMap(([step, result]) =>
  peersOf(result)
    .filter(([name, times]) => !SEVERAL.test(name) && spread(times) > BUSY)
    .map(([name, times]) => `${step}: the times of ${name} are ${(100 * spread(times)).toFixed(0)} % apart`),
);
if (flags.quick) {
  console.log('A quick run writes no report.');
} else if (busy.length && !flags['even-if-busy']) {
  console.error([...busy, 'The machine was busy: no report was written. Run those steps again (--only), or add --even-if-busy.'].join('\n'));
  process.exitCode = 1;
} else {
  writeReport(measured, list, about, busy);
}
