// Writes the generated part of docs/performance.md, between two markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './server.mjs';

const file = join(root, 'docs', 'performance.md');
const BEGIN = '<!-- From here on, written by ./build.sh bench -->';
const END = '<!-- Up to here, written by ./build.sh bench -->';

const NAMES = {
  1: 'One window of 128 word pieces, one thread',
  2: 'A document of 10 KB from text to spans',
  3: 'A batch of 200 abstracts on two cores',
  4: 'Short texts are not padded',
  5: 'The command line',
  6: 'Cold open to the first highlight; size of the engine',
  7: 'Labels as in f32',
  8: 'Memory',
};

const TITLES = {
  'window-small': 'One window of 128 word pieces, 6 layers of 384',
  'window-base': 'One window of 128 word pieces, BERT-base (12 layers of 768)',
  document: 'A document of 10 KB, text to spans',
  batch: 'Abstracts by the batch, a slice of 50 at a time',
  native: 'Command line and Python: 40 abstracts, the first 128 word pieces of each',
  opening: 'Opening the page',
};

const number = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const table = (head, rows) => [head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** A line on label agreement; empty for steps without one. */
function agreementLines({ agreements, tokens }) {
  if (!agreements) return '';
  const shares = Object.entries(agreements).map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`);
  return `\n\nTokens with the label that our best binary gives, of ${tokens}: ${shares.join('; ')}.`;
}

function section(title, result) {
  const rows = Object.entries(result.times).map(([name, { median, p10, p90, least, count }]) => [
    name,
    ...[median, p10, p90, least].map(number),
    count,
  ]);
  const head = ['ms', 'median', '10 %', '90 %', 'least', 'runs'];
  return `### ${title}\n\n${table(head, rows)}${agreementLines(result)}`;
}

/** Operations of the linear layers for 128 word pieces in billions; a multiply-add counts as two. */
const linearWork = (layers, width) => (2 * 128 * layers * 12 * width * width) / 1e9;

/** Speed of the kernels by CPU class: int8 GOP/s of relaxed SIMD, and f32 GFLOP/s, to which the rest is assumed to scale. */
const CLASSES = { A: { int8: 200, f32: 46 }, B: { int8: 72, f32: 31 } };
/** The fastest peer's milliseconds, measured on machines of each class. */
const RECORDED = { A: { 'window-small': 50, 'window-base': 305 }, B: { 'window-small': 102, 'window-base': 911 } };
const SHAPES = { 'window-small': [6, 384], 'window-base': [12, 768] };

/** Our time on the other CPU class, estimated from the number of operations. */
function projection(measured, cpuClass) {
  const other = cpuClass === 'A' ? 'B' : 'A';
  const lines = Object.entries(SHAPES).flatMap(([step, [layers, width]]) => {
    const here = measured[step]?.times['ours, relaxed-simd'].median;
    if (!here) return [];
    const work = linearWork(layers, width);
    const rest = Math.max(0, here - (1000 * work) / CLASSES[cpuClass].int8);
    const there = (1000 * work) / CLASSES[other].int8 + (rest * CLASSES[cpuClass].f32) / CLASSES[other].f32;
    const peer = RECORDED[other][step];
    return [[TITLES[step].split(', ')[1], number(here), number(there), String(peer), `${(peer / there).toFixed(2)} x`]];
  });
  if (!lines.length) return '';
  const head = ['shape', `ours here (${cpuClass}), ms`, `ours on ${other}, projected`, `fastest peer recorded on ${other}`, 'ratio'];
  return (
    `### The other class of CPU, projected\n\nThis machine is of class ${cpuClass}. On class ${other} the linear layers' ` +
    `operations are taken at ${CLASSES[other].int8} GOP/s instead of ${CLASSES[cpuClass].int8}, and the rest to follow f32 ` +
    `arithmetic. An estimate, not a measurement.\n\n${table(head, lines)}`
  );
}

function memoryLines(measured) {
  const mega = (bytes) => (bytes === undefined ? 'not told' : (bytes / 1e6).toFixed(1));
  const rows = [
    ['small', measured['memory-small']],
    ['BERT-base', measured['memory-base']],
  ].flatMap(([name, result]) => {
    if (!result) return [];
    const stages = { loaded: result.loaded, 'after five abstracts': result.used, [`after ${result.documents} more`]: result.after };
    return Object.entries(stages)
      .filter(([, at]) => at)
      .map(([stage, { engine, heap }]) => [`${name}, ${stage}`, mega(result.file), mega(engine), mega(heap)]);
  });
  return rows.length ? `### Memory\n\n${table(['MB', 'files', 'engine', 'scripts'], rows)}` : '';
}

function sizeLines({ sizes }) {
  if (!sizes) return '';
  const rows = [...Object.entries(sizes.sizes), ['onnxruntime-web', sizes.peer]];
  return `### Size of the engine\n\n${table(['brotli -q 11', 'bytes'], rows)}`;
}

function labelLines({ labels }) {
  if (!labels) return '';
  const where = labels.own ? 'generated abstracts' : 'texts of a folder given';
  return (
    `### Labels\n\n${labels.same} of ${labels.tokens} tokens of ${labels.texts} ${where} are labelled as in f32 ` +
    `(${(100 * labels.share).toFixed(3)} %); the two binaries differ on ${labels.binariesDiffer}.`
  );
}

/** Writes the document and returns the table of goals for the terminal. */
export function writeReport(measured, goals, about, flags) {
  const rows = goals.map(({ goal, value, target, met, reason }) => {
    const parts = value && Object.entries(value).map(([name, number]) => `${name}: ${number} (${target[name]})`);
    return [`${goal}. ${NAMES[goal]}`, parts?.join('<br>') ?? reason, met ? 'yes' : 'no'];
  });
  const peers = Object.entries(about.peers).map(([name, version]) => `${name} ${version}`);
  const quick = flags.quick ? ' **A quick run: medians of five.**' : '';
  const body = [
    BEGIN,
    `## Measured\n\nCPU class ${about.cpuClass}: ${about.cpu}, ${about.cores} cores, ${about.cpuFlags}; ${about.memory} of memory; ` +
      `load average ${about.load} before the run. ` +
      `Chromium ${about.chromium}, headless. ${peers.join(', ')}. Glossa at ${about.commit}.${quick}`,
    `## Goals\n\n${table(['goal', 'measured (goal)', 'met'], rows)}`,
    '## Times',
    ...Object.entries(TITLES).flatMap(([step, title]) => (measured[step] ? [section(title, measured[step])] : [])),
    projection(measured, about.cpuClass),
    labelLines(measured),
    memoryLines(measured),
    sizeLines(measured),
    END,
  ].filter(Boolean);
  const text = readFileSync(file, 'utf8');
  const before = text.split(BEGIN)[0];
  const after = text.split(END)[1] ?? '\n';
  writeFileSync(file, before + body.join('\n\n') + after);
  return goals
    .map(({ goal, value, target, met, reason }) => {
      const parts = value ? Object.entries(value).map(([name, number]) => `     ${name}: ${number}, goal ${target[name]}`) : [`     ${reason}`];
      return [`${met ? 'met ' : 'MISS'} ${goal}. ${NAMES[goal]}`, ...parts].join('\n');
    })
    .join('\n');
}
