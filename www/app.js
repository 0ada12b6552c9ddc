/** The page: from the input and its settings to an annotated document. */

import { readPipeline } from './glossa.js';
import { EXAMPLES } from './examples.js';
import { ChunkTable, hues, number, renderDocument, renderLegend } from './render.js';
import { copy, save, toCsv, toJson } from './download.js';
import { Loader } from './loader.js';
import { acceptOwnModels } from './own-model.js';
import { Settings } from './settings.js';

/** Above this many chunks the document is redrawn when the slider is let go, not while it moves. */
const REDRAW_WHILE_MOVING = 3000;

const find = (id) => document.querySelector(`[data-testid="${id}"]`);
const byId = (id) => document.getElementById(id);

const input = find('input');
const modelSelect = find('model');
const modeSelect = find('mode');
const thresholdInput = find('threshold');
const annotateButton = find('annotate');
const cancelButton = find('cancel');
const status = find('status');
const progress = byId('progress');
const documentElement = find('document');
const legend = find('legend');
const table = new ChunkTable(find('chunks'), byId('more'));
const settings = new Settings(
  byId('settings'),
  {
    groups: byId('settings-groups'),
    output: byId('settings-output'),
    count: byId('settings-count'),
    problem: byId('settings-problem'),
  },
  describeInput,
);

/** @type {AbortController | null} the run under way */
let running = null;
/** What the page shows: an annotation with all its chunks, whatever their confidence, and how it came about. */
let shown = null;
/** Entities whose highlights are switched off. */
const hidden = new Set();

/** The user's own models go by the value that stands for them in the choice of models. */
const models = new Loader((event) => running && showProgress(event));

/** The status in two parts, the second of which changes too often to be read aloud. */
const statusMessage = new Text(status.textContent);
const statusDetail = document.createElement('span');
statusDetail.setAttribute('aria-hidden', 'true');
status.replaceChildren(statusMessage, statusDetail);

/** Says what is being done; `ratio` is undefined where nobody knows how much is left. */
function setStatus(state, message, { detail = '', code, ratio } = {}) {
  status.dataset.state = state;
  if (code) status.dataset.code = code;
  else delete status.dataset.code;
  // A live region is read again when it is set, even to the same words.
  if (statusMessage.data !== message) statusMessage.data = message;
  statusDetail.textContent = detail;
  const busy = state === 'loading' || state === 'running';
  progress.hidden = !busy;
  if (ratio === undefined) progress.removeAttribute('value');
  else progress.value = ratio;
  const focused = [annotateButton, cancelButton].includes(document.activeElement);
  annotateButton.hidden = busy;
  cancelButton.hidden = !busy;
  if (focused) (busy ? cancelButton : annotateButton).focus();
}

const mega = (bytes) => (bytes / 1e6).toFixed(1);

function showProgress(event) {
  if (event.stage === 'engine') setStatus('loading', 'Starting the engine');
  if (event.stage === 'prepare') {
    const { loaded: bytes, total } = event;
    setStatus('loading', bytes < total ? 'Reading the model' : 'Preparing the model', {
      detail: bytes < total ? `: ${mega(bytes)} of ${mega(total)} MB` : '',
      ratio: bytes < total ? bytes / total : undefined,
    });
  }
  if (event.stage === 'download') {
    const { loaded: bytes, total } = event;
    const detail = total ? `: ${mega(bytes)} of ${mega(total)} MB` : `: ${mega(bytes)} MB`;
    setStatus('loading', 'Downloading the model', { detail, ratio: total ? bytes / total : undefined });
  }
  if (event.stage === 'annotate') {
    const { done, total } = event;
    const detail = `: window ${number.format(Math.min(done + 1, total))} of ${number.format(total)}`;
    setStatus('running', 'Annotating', { detail, ratio: total ? done / total : undefined });
  }
}

/** Loads the chosen model before it is asked for, if it was kept on an earlier visit. */
async function loadAhead() {
  const model = modelSelect.value;
  const stillWanted = () => (running || modelSelect.value !== model ? null : settings.read().options);
  if (!running && (await models.ahead(model, stillWanted)) && status.dataset.state === 'idle') {
    setStatus('idle', 'Ready. The model is on this device.');
  }
}

async function annotate() {
  running?.abort();
  const run = new AbortController();
  running = run;
  const { signal } = run;
  const text = input.value;
  const model = modelSelect.value;
  const mode = modeSelect.value;
  settings.clear();
  try {
    const { options, annotate } = settings.read();
    const setUp = setUpNow();
    if (!text.trim()) {
      show({ text, setUp, mode, chunks: [], entities: [], blank: true });
      return;
    }
    if (models.has(model, options)) setStatus('running', 'Annotating');
    else setStatus('loading', 'Starting the engine');
    const annotator = await models.get(model, options, signal);
    const { name, entities, precision } = annotator.info;
    const start = performance.now();
    const found = await annotator.annotate(text, { ...annotate, mode, signal, onProgress: showProgress });
    const took = Math.round(performance.now() - start);
    show({ ...found, text, setUp, model: name, mode, entities: renamed(entities, annotate, found.chunks), precision, took });
  } catch (error) {
    // A run that was replaced has nothing more to say.
    if (running !== run) return;
    if (error.code === 'cancelled') setStatus('cancelled', 'Cancelled. Your text is as you left it.');
    else fail('Not annotated', error);
  } finally {
    if (running === run) running = null;
  }
}

/** Says what went wrong; what concerns options is said beside them too. */
function fail(what, error) {
  setStatus('error', `${what}: ${error.message}`, { code: error.code ?? 'worker_failed' });
  if (error.code === 'option_invalid' || error.code === 'pipeline_invalid') settings.show(error);
}

/** The model's entities by the names that they were given, then what else was found. */
function renamed(entities, { replaceLabels = {}, labelCasing }, chunks) {
  const cased = { upper: (name) => name.toUpperCase(), lower: (name) => name.toLowerCase() }[labelCasing] ?? String;
  const names = entities.map((entity) => cased(Object.hasOwn(replaceLabels, entity) ? replaceLabels[entity] : entity));
  return [...new Set([...names, ...chunks.map(({ entity }) => entity)])];
}

/** All that decides what is found in a text, for comparing. */
function setUpNow() {
  const { options, annotate } = settings.read();
  return JSON.stringify([modelSelect.value, modeSelect.value, options, annotate]);
}

/** The chunks that the confidence setting lets through. The engine compares in single precision. */
function kept() {
  const least = Math.fround(thresholdInput.valueAsNumber);
  return shown.chunks.filter(({ confidence }) => confidence >= least);
}

function show(annotation) {
  shown = annotation;
  hidden.clear();
  draw();
  report();
}

function report() {
  const { chunks, blank, took, windows, precision } = shown;
  const count = kept().length;
  const below = chunks.length - count;
  if (blank) return setStatus('done', 'Nothing to annotate: the text is blank.');
  const found = count ? `${number.format(count)} ${count === 1 ? 'chunk' : 'chunks'}` : 'No entities found';
  const left = below ? ` (${number.format(below)} of lower confidence left out)` : '';
  setStatus('done', `${found}${left}. The text did not leave this tab.`, {
    detail: `${number.format(windows)} ${windows === 1 ? 'window' : 'windows'} in ${number.format(took)} ms, ${precision}`,
  });
}

function redraw() {
  if (!shown) return;
  draw();
  if (status.dataset.state === 'done') report();
}

function draw() {
  const { text, truncatedFrom, entities, blank } = shown;
  const chunks = kept();
  const hue = hues(entities);
  const marks = renderDocument(documentElement, { text, chunks, truncatedFrom }, hue, hidden);
  renderLegend(legend, entities, chunks, hue, hidden, (entity, visible) => {
    if (visible) hidden.delete(entity);
    else hidden.add(entity);
    for (const mark of documentElement.querySelectorAll('mark')) {
      if (mark.dataset.entity === entity) mark.toggleAttribute('data-hidden', !visible);
    }
  });
  table.show(chunks, marks, hue);

  byId('empty').hidden = text !== '';
  documentElement.hidden = false;
  legend.hidden = !entities.length;
  byId('results').hidden = false;
  find('chunks').hidden = !chunks.length;
  byId('count').textContent = number.format(chunks.length);
  const none = byId('none');
  none.hidden = chunks.length > 0;
  none.textContent = blank ? 'Nothing to annotate.' : `No entities found${shown.chunks.length ? ' at this confidence' : ''}.`;
  const truncated = byId('truncated');
  truncated.hidden = truncatedFrom === undefined;
  if (truncatedFrom !== undefined) {
    truncated.textContent = `Not read from position ${number.format(truncatedFrom)} on: only the first window was asked for. Choose “Whole text” to read it all.`;
  }
  describeInput();
}

function describeInput() {
  const { length } = input.value;
  byId('length').textContent = length ? `${number.format(length)} ${length === 1 ? 'character' : 'characters'}` : '';
  const changed = shown && (shown.text === input.value ? differsInSettings() && 'options have' : 'text has');
  byId('stale').hidden = !changed;
  if (changed) byId('stale').textContent = `The ${changed} changed since`;
}

function differsInSettings() {
  try {
    return setUpNow() !== shown.setUp;
  } catch {
    // What cannot be read is not what was used.
    return true;
  }
}

/** The document that the command line's `--pipeline` takes too. */
function toPipeline() {
  const { options, annotate, format } = settings.read();
  const threshold = thresholdInput.valueAsNumber;
  const model = modelSelect.value.replace(/^own:|\/$/g, '');
  const all = { ...annotate, mode: modeSelect.value, ...(threshold > 0 ? { threshold } : {}) };
  return `${JSON.stringify({ glossaPipeline: 1, model, options, annotate: all, format }, null, 2)}\n`;
}

/** Sets the page up as a pipeline's file says. */
async function openPipeline(file) {
  settings.clear();
  try {
    const pipeline = await readPipeline(file);
    settings.write(pipeline);
    const { mode, threshold = 0 } = pipeline.annotate;
    modeSelect.value = mode;
    thresholdInput.value = threshold;
    showThreshold();
    if (pipeline.model) chooseModel(pipeline.model);
    if (input.value.trim()) await annotate();
    else setStatus('idle', `${file.name} is set up. Its model is loaded when you annotate.`);
    describeInput();
  } catch (error) {
    fail('The pipeline was not opened', error);
  }
}

/** Chooses the model at an address: one that is offered, one of the user's own of that name, or another of this site. */
function chooseModel(address) {
  const plain = (value) => new URL(value, document.baseURI).href.replace(/\/$/, '');
  const wanted = plain(address);
  const name = decodeURIComponent(wanted.slice(wanted.lastIndexOf('/') + 1));
  const offered = [...modelSelect.options].map(({ value }) => value);
  const own = `own:${name}`;
  const value = offered.find((value) => (value.startsWith('own:') ? value === own : plain(value) === wanted));
  if (!value) modelSelect.add(new Option(name, wanted));
  modelSelect.value = value ?? wanted;
}

/** Says for a moment on the button itself how copying went. */
async function copyFrom(button, content) {
  const done = await copy(content);
  button.textContent = done ? 'Copied' : 'Not allowed here';
  setTimeout(() => (button.textContent = 'Copy'), 1600);
}

function showThreshold() {
  byId('threshold-value').textContent = thresholdInput.valueAsNumber.toFixed(2);
}

function exports(serialise) {
  return serialise({ ...shown, threshold: thresholdInput.valueAsNumber, chunks: kept() });
}

annotateButton.addEventListener('click', annotate);
cancelButton.addEventListener('click', () => running?.abort());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !running) {
    event.preventDefault();
    annotate();
  }
});
// The browser would put line breaks between the segments of a long document.
documentElement.addEventListener('copy', (event) => {
  const selection = getSelection();
  if (!selection.rangeCount || !documentElement.contains(selection.getRangeAt(0).commonAncestorContainer)) return;
  event.clipboardData.setData('text/plain', selection.getRangeAt(0).cloneContents().textContent);
  event.preventDefault();
});
input.addEventListener('input', describeInput);
thresholdInput.addEventListener('input', () => {
  showThreshold();
  if (shown?.chunks.length <= REDRAW_WHILE_MOVING) redraw();
});
thresholdInput.addEventListener('change', redraw);
for (const button of document.querySelectorAll('[data-testid="example"]')) {
  button.addEventListener('click', () => {
    const { example } = button.dataset;
    input.value = EXAMPLES[example];
    modelSelect.value = `models/${example}/`;
    annotate();
  });
}
find('copy-json').addEventListener('click', ({ target }) => copyFrom(target, exports(toJson)));
find('copy-csv').addEventListener('click', ({ target }) => copyFrom(target, exports(toCsv)));
find('download-json').addEventListener('click', () => save('glossa.json', 'application/json', exports(toJson)));
find('download-csv').addEventListener('click', () => save('glossa.csv', 'text/csv', exports(toCsv)));
for (const select of [modelSelect, modeSelect]) select.addEventListener('change', describeInput);
modelSelect.addEventListener('change', loadAhead);
find('open-pipeline').addEventListener('change', ({ target }) => {
  const [file] = target.files;
  // The same choice made again is a change again.
  target.value = '';
  if (file) openPipeline(file);
});
find('download-pipeline').addEventListener('click', () => {
  settings.clear();
  try {
    save('pipeline.json', 'application/json', toPipeline());
  } catch (error) {
    fail('Not saved', error);
  }
});
find('reset-settings').addEventListener('click', () => {
  settings.reset();
  describeInput();
});

acceptOwnModels(
  { zip: find('own-zip'), folder: find('own-folder'), zone: document.documentElement },
  (own) => {
    const files = Object.values(own.files);
    if (files.length === 1 && /\.json$/i.test(own.name)) return openPipeline(files[0]);
    const value = `own:${own.name}`;
    // The same name again is another model, or the same one changed.
    models.add(value, own);
    if (![...modelSelect.options].some((option) => option.value === value)) modelSelect.add(new Option(own.name, value));
    modelSelect.value = value;
    if (input.value.trim()) annotate();
    else setStatus('idle', `${own.name} is loaded when you annotate.`);
    describeInput();
  },
  (error) => setStatus('error', `The files cannot be read: ${error.message}`, { code: 'file_unreadable' }),
);

// `?model=models/mine/` offers another model folder of this origin.
const asked = new URLSearchParams(location.search).get('model');
if (asked) {
  if (![...modelSelect.options].some(({ value }) => value === asked)) modelSelect.add(new Option(asked, asked));
  modelSelect.value = asked;
}
describeInput();

// Keeps what was loaded for the next visit. Where that is denied, the page works all the same.
navigator.serviceWorker?.register('sw.js').catch(() => {});
loadAhead();
