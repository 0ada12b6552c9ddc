// Writes the generated parts of docs/performance.md, one for each class of processor, between two markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { plot, quadraticFit } from './plot.mjs';
import { root } from './server.mjs';

const docs = join(root, 'docs');
const file = join(docs, 'performance.md');
const marker = (cpuClass, where) => `<!-- Class ${cpuClass}: ${where}, written by ./build.sh bench -->`;

const NAMES = {
  1: 'One window of 128 word pieces, one thread',
  2: 'A document of 10 KB from text to spans',
  3: 'A batch of abstracts on two cores',
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
  batch: 'Fifty abstracts by the batch',
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
  return `#### ${title}\n\n${table(head, rows)}${agreementLines(result)}`;
}

/** Multiply-adds of the small model: of its linear layers for a word piece, and of attention for a pair of them. */
const [LAYERS, HIDDEN] = [6, 384];
const LINEAR = LAYERS * 12 * HIDDEN ** 2;
const ATTENTION = LAYERS * 2 * HIDDEN;

/** How time and memory grow, with two plots that are written beside the document. */
function growthLines({ growth }, cpuClass) {
  if (!growth) return '';
  const points = growth.windows.map(({ pieces, ms }) => [pieces, ms]);
  const [constant, linear, quadratic] = quadraticFit(points);
  const longest = points.at(-1)[0];
  const fitted = Array.from({ length: 60 }, (_, i) => ((i + 1) * longest) / 60).map((n) => [n, constant + linear * n + quadratic * n * n]);
  const images = {
    [`window-time-${cpuClass}.svg`]: plot({
      title: `A window, by its length (class ${cpuClass})`,
      x: 'word pieces',
      y: 'milliseconds',
      series: [
        { name: 'measured', points },
        { name: 'fitted', points: fitted, dashed: true },
      ],
    }),
    [`document-time-${cpuClass}.svg`]: plot({
      title: `A document, by its length (class ${cpuClass})`,
      x: 'characters',
      y: 'milliseconds',
      logarithmic: true,
      series: [{ name: 'time', points: growth.documents.map(({ characters, ms }) => [characters, ms]) }],
    }),
  };
  for (const [name, image] of Object.entries(images)) writeFileSync(join(docs, name), image);
  const rows = growth.documents.map(({ characters, ms, memory }) => [
    characters.toLocaleString('en'),
    number(ms),
    number((1000 * ms) / characters),
    (memory / 1e6).toFixed(1),
  ]);
  const share = ATTENTION / LINEAR;
  return (
    `#### How time and memory grow\n\n` +
    `A window of n word pieces of the small model takes ${number(constant)} + ${linear.toFixed(4)} n + ${quadratic.toFixed(6)} n² ms ` +
    `(fitted to ${points[0][0]} to ${longest} word pieces). The quadratic part is ${(quadratic / linear).toExponential(1)} of the linear one per ` +
    `word piece; of the multiply-adds it is ${share.toExponential(1)} (attention against linear layers).\n\n` +
    Object.keys(images)
      .map((name) => `![${name.startsWith('window') ? 'Time of a window by its length' : 'Time of a document by its length'}](${name})`)
      .join('\n\n') +
    `\n\n${table(['characters of a document', 'ms', 'ms per 1,000 characters', 'MB of WebAssembly after it'], rows)}`
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
  return rows.length ? `#### Memory\n\n${table(['MB', 'files', 'engine', 'scripts'], rows)}` : '';
}

function sizeLines({ sizes }) {
  if (!sizes) return '';
  const rows = [...Object.entries(sizes.sizes), ['onnxruntime-web', sizes.peer]];
  return `#### Size of the engine\n\n${table(['brotli -q 11', 'bytes'], rows)}`;
}

function labelLines({ labels }) {
  if (!labels) return '';
  const where = labels.own ? 'generated abstracts' : 'texts of a folder given';
  return (
    `#### Labels\n\n${labels.same} of ${labels.tokens} tokens of ${labels.texts} ${where} are labelled as in f32 ` +
    `(${(100 * labels.share).toFixed(3)} %); the two binaries differ on ${labels.binariesDiffer}.`
  );
}

/** Writes what was measured on a class of processor into the document, in the place of what stood there for that class. */
export function writeReport(measured, goals, about, busy) {
  const rows = goals.map(({ goal, value, target, met, reason }) => {
    const parts = value && Object.entries(value).map(([name, number]) => `${name}: ${number} (${target[name]})`);
    return [`${goal}. ${NAMES[goal]}`, parts?.join('<br>') ?? reason, met ? 'yes' : 'no'];
  });
  const peers = Object.entries(about.peers).map(([name, version]) => `${name} ${version}`);
  const [begin, end] = ['from here on', 'up to here'].map((where) => marker(about.cpuClass, where));
  const forced = about.forced ? ', told not to use AVX-VNNI,' : '';
  const body = [
    begin,
    `### Class ${about.cpuClass}\n\n${about.cpu}, ${about.cores} cores, ${about.cpuFlags}; ${about.memory} of memory; ` +
      `load average ${about.load} before the run. Chromium ${about.chromium}${forced} headless. ${peers.join(', ')}. ` +
      `Glossa at ${about.commit}.${busy.length ? ` **The machine was busy**: ${busy.join('; ')}.` : ''}`,
    table(['goal', 'measured (goal)', 'met'], rows),
    ...Object.entries(TITLES).flatMap(([step, title]) => (measured[step] ? [section(title, measured[step])] : [])),
    growthLines(measured, about.cpuClass),
    labelLines(measured),
    memoryLines(measured),
    sizeLines(measured),
    end,
  ].filter(Boolean);
  const text = readFileSync(file, 'utf8');
  const [at, to] = [text.indexOf(begin), text.indexOf(end)];
  if (at < 0 || to < at) throw new Error(`docs/performance.md has no part for class ${about.cpuClass}`);
  writeFileSync(file, text.slice(0, at) + body.join('\n\n') + text.slice(to + end.length));
}

/** The goals for the terminal. */
export function outline(goals) {
  return goals
    .map(({ goal, value, target, met, reason }) => {
      const parts = value ? Object.entries(value).map(([name, number]) => `     ${name}: ${number}, goal ${target[name]}`) : [`     ${reason}`];
      return [`${met ? 'met ' : 'MISS'} ${goal}. ${NAMES[goal]}`, ...parts].join('\n');
    })
    .join('\n');
}
