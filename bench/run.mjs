// Runs the measurements, and writes target/bench.json and the generated part of docs/performance.md.
//
//   node bench/run.mjs [--quick | --rounds N] [--only GOAL,GOAL] [--data DIR]
//
// --only: goals or names of steps; the others keep their last results. --data: a folder of JSON lines with a `text` each, to
// compare labels on instead of our own sentences; the texts stay on this machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { launching } from '../tests/browser/harness.mjs';
import { goals, STEPS_OF } from './goals.mjs';
import { machine, versions } from './machine.mjs';
import { native } from './native.mjs';
import { opening, sizes } from './opening.mjs';
import { writeReport } from './report.mjs';
import { root, serve } from './server.mjs';

const { chromium } = createRequire(join(root, 'package.json'))('playwright-core');

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    data: { type: 'string' },
  },
});

const kept = join(root, 'target', 'bench', 'measured.json');
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

const rounds = flags.quick ? 5 : Number(flags.rounds);
const OWN = {
  native: () => native({ rounds, python, tell }),
  opening: () => opening({ rounds, browser, tell }),
  sizes: () => sizes({ tell }),
};

const machineBefore = machine();
mkdirSync(join(root, 'target', 'bench'), { recursive: true });
const wanted = flags.only?.split(',') ?? Object.keys(STEPS_OF);
const all = new Set(Object.values(STEPS_OF).flat());
const unknown = wanted.filter((name) => !STEPS_OF[name] && !all.has(name));
if (unknown.length) throw new Error(`--only: there is no goal ${unknown}`);
const steps = new Set(wanted.flatMap((name) => STEPS_OF[name] ?? name));
const measured = flags.only && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
for (const step of steps) {
  const start = performance.now();
  try {
    const result = await (OWN[step]?.() ?? inPage(step, { rounds }));
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
const list = goals(measured, about.cpuClass);
writeFileSync(join(root, 'target', 'bench.json'), `${JSON.stringify(list, null, 1)}\n`);
console.log(writeReport(measured, list, about, flags));
