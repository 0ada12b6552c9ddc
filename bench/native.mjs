// Compares the command line with onnxruntime in Python, on the first window of some abstracts.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { summaries } from './measure.js';
import { models, root } from './server.mjs';
import { abstracts } from './texts.js';

const TEXTS = 40;
/** Texts by which it is measured how the command line scales. */
const MANY = 200;
const glossa = join(root, 'target', 'release', 'glossa');

function writeTexts(name, texts) {
  const file = join(models, '..', name);
  writeFileSync(file, texts.map((text, id) => `${JSON.stringify({ id: String(id), text })}\n`).join(''));
  return file;
}

/** Milliseconds of a run of the command line, including start and loading. */
function annotate(file, threads) {
  const flags = ['--mode', 'truncate', '--to', 'jsonl', '--threads', String(threads)];
  const start = performance.now();
  const { status, stderr } = spawnSync(glossa, ['annotate', '--model', join(root, 'www/models/cellular'), ...flags, file]);
  if (status !== 0) throw new Error(`glossa annotate: ${stderr}`);
  return performance.now() - start;
}

/** A Python process that runs all texts on request and reports the time. */
async function pythonPeer(python, graph, texts) {
  const script = join(root, 'bench', 'native_peer.py');
  const child = spawn(python, [script, graph, join(models, 'cellular/tokenizer.json'), texts], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python process ended');
    return value;
  };
  await next();
  const run = async () => {
    child.stdin.write('\n');
    return Number(await next());
  };
  return { run, end: () => child.stdin.end() };
}

/** Milliseconds for the abstracts. From ours, the time of a run on one abstract is subtracted, which is mostly loading. */
export async function native({ rounds, python, tell }) {
  const texts = abstracts(TEXTS + 1);
  const some = writeTexts('native.jsonl', texts);
  const many = writeTexts('native-many.jsonl', abstracts(MANY + 1));
  const single = writeTexts('native-one.jsonl', texts.slice(0, 1));
  const same = writeTexts('native-peer.jsonl', texts.slice(1));
  const quantised = await pythonPeer(python, join(models, 'cellular/onnx/model_quantized.onnx'), same);
  const bundle = await pythonPeer(python, join(root, 'www/models/cellular/model.onnx'), same);
  const cores = cpus().length;
  const contenders = {
    'glossa, 1 thread': () => annotate(some, 1) - annotate(single, 1),
    [`glossa, ${cores} threads`]: () => annotate(some, cores) - annotate(single, cores),
    [`glossa, ${MANY} abstracts, 1 thread`]: () => annotate(many, 1) - annotate(single, 1),
    [`glossa, ${MANY} abstracts, ${cores} threads`]: () => annotate(many, cores) - annotate(single, cores),
    'onnxruntime int8, 1 thread': quantised.run,
    'onnxruntime, our int8 file, 1 thread': bundle.run,
  };
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    tell(`round ${round + 1} of ${rounds}`);
    for (const [name, run] of Object.entries(contenders)) {
      const took = await run();
      if (round >= 0) times[name].push(took);
    }
  }
  quantised.end();
  bundle.end();
  return { times: summaries(times), texts: TEXTS, many: MANY, cores };
}
