/** The page: from the input and its options to an annotated document. */

import { GlossaError, readPipeline } from '../glossa/index.js';
import { EXAMPLES } from './examples.js';
import { acceptLocalModels } from './local-model.js';
import { Models } from './models.js';
import { OptionsForm } from './options-form.js';
import { ChunkTable, hues, number, renderDocument, renderLegend } from './render.js';
import { copy, save, toCsv, toJson } from './save-results.js';

/** @typedef {import('../glossa/index.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('../glossa/index.js').AnnotateProgress} AnnotateProgress */
/** @typedef {import('../glossa/index.js').Chunk} Chunk */
/** @typedef {import('../glossa/index.js').LoadProgress} LoadProgress */

/**
 * What the page shows: an annotation with all its chunks, whatever their confidence, and how it came about.
 * @typedef {object} Shown
 * @property {string} text
 * @property {string} setup all that decided what was found, to compare with the present
 * @property {string} mode
 * @property {Chunk[]} chunks
 * @property {string[]} entities
 * @property {number} [truncatedFrom]
 * @property {string} [model] its name
 * @property {Run} [run] missing for a blank text, for which no model is run
 */

/** @typedef {{ windows: number, precision: string, milliseconds: number }} Run */

/** Above this many chunks the document is redrawn when the slider is let go, not while it moves. */
const REDRAW_WHILE_MOVING = 3000;

/** @typedef {'loading' | 'running' | 'done' | 'error' | 'cancelled' | 'idle'} State */

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} id a `data-testid`
 */
const find = (id) => /** @type {E} */ (document.querySelector(`[data-testid="${id}"]`));

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {HTMLTextAreaElement} */
const input = find('input');
/** @type {HTMLSelectElement} */
const modelSelect = find('model');
/** @type {HTMLSelectElement} */
const modeSelect = find('mode');
/** @type {HTMLInputElement} */
const thresholdInput = find('threshold');
const annotateButton = find('annotate');
const cancelButton = find('cancel');
const status = find('status');
const progress = /** @type {HTMLProgressElement} */ (byId('progress'));
const documentElement = find('document');
const legend = find('legend');
/** @type {HTMLTableElement} */
const chunkTable = find('chunks');
const table = new ChunkTable(chunkTable, /** @type {HTMLButtonElement} */ (byId('more')));
const optionsForm = new OptionsForm(
  /** @type {HTMLDetailsElement} */ (byId('options')),
  {
    groups: byId('options-groups'),
    output: byId('options-output'),
    count: byId('options-count'),
    problem: byId('options-problem'),
  },
  describeInput,
);

/** @type {AbortController | null} the run under way */
let running = null;
/** @type {Shown | null} */
let shown = null;
/** @type {Set<string>} entities whose highlights are switched off */
const hidden = new Set();

const models = new Models((event) => running && showProgress(event));

/** What begins the value of a model from the user's disk in the choice of models. */
const LOCAL = 'local:';

/** The status in two parts, the second of which changes too often to be read aloud. */
const statusMessage = new Text(status.textContent ?? '');
const statusDetail = document.createElement('span');
statusDetail.setAttribute('aria-hidden', 'true');
status.replaceChildren(statusMessage, statusDetail);

/**
 * Says what is being done.
 * @param {State} state
 * @param {string} message
 * @param {{ detail?: string, code?: string, ratio?: number }} [more] `ratio`: how much is done; undefined if unknown
 */
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
  const { activeElement } = document;
  const focused = activeElement === annotateButton || activeElement === cancelButton;
  annotateButton.hidden = busy;
  cancelButton.hidden = !busy;
  if (focused) (busy ? cancelButton : annotateButton).focus();
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** @param {LoadProgress | AnnotateProgress} event */
function showProgress(event) {
  if (event.stage === 'engine') setStatus('loading', 'Starting the engine');
  if (event.stage === 'prepare') {
    const { loaded: bytes, total } = event;
    setStatus('loading', bytes < total ? 'Reading the model' : 'Preparing the model', {
      detail: bytes < total ? `: ${megabytes(bytes)} of ${megabytes(total)} MB` : '',
      ratio: bytes < total ? bytes / total : undefined,
    });
  }
  if (event.stage === 'download') {
    const { loaded: bytes, total } = event;
    const detail = total ? `: ${megabytes(bytes)} of ${megabytes(total)} MB` : `: ${megabytes(bytes)} MB`;
    setStatus('loading', 'Downloading the model', { detail, ratio: total ? bytes / total : undefined });
  }
  if (event.stage === 'annotate') {
    const { done, total } = event;
    const detail = `: window ${number.format(Math.min(done + 1, total))} of ${number.format(total)}`;
    setStatus('running', 'Annotating', { detail, ratio: total ? done / total : undefined });
  }
}

/** Loads the chosen model before it is asked for, if the device has it from an earlier visit. */
async function prefetch() {
  const model = modelSelect.value;
  const ifStillWanted = () => (running || modelSelect.value !== model ? null : optionsForm.read().options);
  if (!running && (await models.prefetch(model, ifStillWanted)) && status.dataset.state === 'idle') {
    setStatus('idle', 'Ready. The model is on this device.');
  }
}

async function annotate() {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  const { signal } = controller;
  const text = input.value;
  const model = modelSelect.value;
  const mode = modeSelect.value;
  optionsForm.clear();
  try {
    const { options, annotate } = optionsForm.read();
    const setup = currentSetup();
    if (!text.trim()) {
      show({ text, setup, mode, chunks: [], entities: [] });
      return;
    }
    if (models.has(model, options)) setStatus('running', 'Annotating');
    else setStatus('loading', 'Starting the engine');
    const annotator = await models.get(model, options, signal);
    const { name, entities, precision } = annotator.info;
    const start = performance.now();
    const call = { ...annotate, mode: modeOf(mode), signal, onProgress: showProgress };
    const { chunks, truncatedFrom, windows } = await annotator.annotate(text, call);
    const run = { windows, precision, milliseconds: Math.round(performance.now() - start) };
    show({ text, setup, model: name, mode, chunks, truncatedFrom, entities: renamed(entities, annotate, chunks), run });
  } catch (error) {
    // A run that was replaced has nothing more to say.
    if (running !== controller) return;
    if (error instanceof GlossaError && error.code === 'cancelled') {
      setStatus('cancelled', 'Cancelled. Your text is as you left it.');
    } else {
      fail('Not annotated', error);
    }
  } finally {
    if (running === controller) running = null;
  }
}

/** @param {string} value the choice's, whose values are those of the option */
const modeOf = (value) => /** @type {AnnotateOptions['mode']} */ (value);

/**
 * Says what went wrong; what concerns options is said beside them too.
 * @param {string} what
 * @param {unknown} error
 */
function fail(what, error) {
  const known = error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error));
  setStatus('error', `${what}: ${known.message}`, { code: known.code });
  if (known.code === 'option_invalid' || known.code === 'pipeline_invalid') optionsForm.show(known);
}

/**
 * The model's entities by the names that the options give them, then what else was found.
 * @param {string[]} entities
 * @param {AnnotateOptions} options
 * @param {Chunk[]} chunks
 */
function renamed(entities, { replaceLabels = {}, labelCasing }, chunks) {
  const cased = (/** @type {string} */ name) => {
    if (labelCasing === 'upper') return name.toUpperCase();
    return labelCasing === 'lower' ? name.toLowerCase() : name;
  };
  const names = entities.map((entity) => cased(Object.hasOwn(replaceLabels, entity) ? replaceLabels[entity] : entity));
  return [...new Set([...names, ...chunks.map(({ entity }) => entity)])];
}

/** All that decides what is found in a text, to be compared. */
function currentSetup() {
  const { options, annotate } = optionsForm.read();
  return JSON.stringify([modelSelect.value, modeSelect.value, options, annotate]);
}

/**
 * The chunks of at least the minimum confidence. The engine compares in single precision.
 * @param {Chunk[]} chunks
 */
function confident(chunks) {
  const least = Math.fround(thresholdInput.valueAsNumber);
  return chunks.filter(({ confidence }) => confidence >= least);
}

/** @param {Shown} annotation */
function show(annotation) {
  shown = annotation;
  hidden.clear();
  draw(shown);
  report(shown);
}

/** @param {Shown} shown */
function report({ chunks, run }) {
  const count = confident(chunks).length;
  const below = chunks.length - count;
  if (!run) return setStatus('done', 'Nothing to annotate: the text is blank.');
  const found = count ? counted(count, 'chunk') : 'No entities found';
  const left = below ? ` (${number.format(below)} of lower confidence left out)` : '';
  setStatus('done', `${found}${left}. The text did not leave this tab.`, {
    detail: `${counted(run.windows, 'window')} in ${number.format(run.milliseconds)} ms, ${run.precision}`,
  });
}

/**
 * @param {number} count
 * @param {string} noun
 */
const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? '' : 's'}`;

function redraw() {
  if (!shown) return;
  draw(shown);
  if (status.dataset.state === 'done') report(shown);
}

/** @param {Shown} shown */
function draw({ text, chunks: all, truncatedFrom, entities, run }) {
  const chunks = confident(all);
  const hue = hues(entities);
  const marks = renderDocument(documentElement, { text, chunks, truncatedFrom, hue, hidden });
  renderLegend(legend, entities, { chunks, hue, hidden }, (entity, visible) => {
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
  chunkTable.hidden = !chunks.length;
  byId('count').textContent = number.format(chunks.length);
  const none = byId('none');
  none.hidden = chunks.length > 0;
  none.textContent = run ? `No entities found${all.length ? ' at this confidence' : ''}.` : 'Nothing to annotate.';
  const truncated = byId('truncated');
  truncated.hidden = truncatedFrom === undefined;
  if (truncatedFrom !== undefined) {
    truncated.textContent = `Not read from position ${number.format(truncatedFrom)} on: only the first window was asked for. Choose “Whole text” to read it all.`;
  }
  describeInput();
}

function describeInput() {
  const { length } = input.value;
  byId('length').textContent = length ? counted(length, 'character') : '';
  const changed = shown && (shown.text === input.value ? hasOtherSetup(shown) && 'options have' : 'text has');
  byId('stale').hidden = !changed;
  if (changed) byId('stale').textContent = `The ${changed} changed since`;
}

/** @param {Shown} shown */
function hasOtherSetup({ setup }) {
  try {
    return currentSetup() !== setup;
  } catch {
    // Options that cannot be read are not those that were used.
    return true;
  }
}

/** The pipeline file, which the command line's `--pipeline` takes too. */
function toPipeline() {
  const { options, annotate, format } = optionsForm.read();
  const threshold = thresholdInput.valueAsNumber;
  const model = modelSelect.value.replace(/^local:|\/$/g, '');
  const all = { ...annotate, mode: modeSelect.value, ...(threshold > 0 ? { threshold } : {}) };
  return `${JSON.stringify({ glossaPipeline: 1, model, options, annotate: all, format }, null, 2)}\n`;
}

/**
 * Sets the page up as a pipeline file says.
 * @param {File | Blob} file
 * @param {string} name
 */
async function openPipeline(file, name) {
  optionsForm.clear();
  try {
    const pipeline = await readPipeline(file);
    optionsForm.write(pipeline);
    const { mode = 'window', threshold = 0 } = pipeline.annotate;
    modeSelect.value = mode;
    thresholdInput.value = String(threshold);
    showThreshold();
    if (pipeline.model) chooseModel(pipeline.model);
    if (input.value.trim()) await annotate();
    else setStatus('idle', `${name} is set up. Its model is loaded when you annotate.`);
    describeInput();
  } catch (error) {
    fail('The pipeline was not opened', error);
  }
}

/**
 * Chooses the model at an address: one that is offered, one of that name from the user's disk, or another of this site.
 * @param {string} address
 */
function chooseModel(address) {
  const plain = (/** @type {string} */ value) => new URL(value, document.baseURI).href.replace(/\/$/, '');
  const wanted = plain(address);
  const name = decodeURIComponent(wanted.slice(wanted.lastIndexOf('/') + 1));
  const offered = [...modelSelect.options].map(({ value }) => value);
  const local = LOCAL + name;
  const value = offered.find((value) => (value.startsWith(LOCAL) ? value === local : plain(value) === wanted));
  if (!value) modelSelect.add(new Option(name, wanted));
  modelSelect.value = value ?? wanted;
}

/**
 * Copies, and says for a moment on the button itself how that went.
 * @param {HTMLElement} button
 * @param {string} content
 */
async function copyFrom(button, content) {
  const done = await copy(content);
  button.textContent = done ? 'Copied' : 'Not allowed here';
  setTimeout(() => (button.textContent = 'Copy'), 1600);
}

function showThreshold() {
  byId('threshold-value').textContent = thresholdInput.valueAsNumber.toFixed(2);
}

/** @param {(result: import('./save-results.js').Result) => string} serialise */
function exported(serialise) {
  if (!shown) return '';
  return serialise({ ...shown, threshold: thresholdInput.valueAsNumber, chunks: confident(shown.chunks) });
}

annotateButton.addEventListener('click', annotate);
cancelButton.addEventListener('click', () => running?.abort());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !running) {
    event.preventDefault();
    annotate();
  }
});
// The browser would put line breaks between the spans of a long document.
documentElement.addEventListener('copy', (event) => {
  const selection = getSelection();
  if (!event.clipboardData || !selection?.rangeCount || !documentElement.contains(selection.getRangeAt(0).commonAncestorContainer)) return;
  event.clipboardData.setData('text/plain', selection.getRangeAt(0).cloneContents().textContent ?? '');
  event.preventDefault();
});
input.addEventListener('input', describeInput);
thresholdInput.addEventListener('input', () => {
  showThreshold();
  if (shown && shown.chunks.length <= REDRAW_WHILE_MOVING) redraw();
});
thresholdInput.addEventListener('change', redraw);
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-testid="example"]'))) {
  button.addEventListener('click', () => {
    const example = /** @type {keyof typeof EXAMPLES} */ (button.dataset.example);
    input.value = EXAMPLES[example];
    modelSelect.value = `models/${example}/`;
    annotate();
  });
}
for (const [id, serialise] of /** @type {const} */ ([['copy-json', toJson], ['copy-csv', toCsv]])) {
  const button = find(id);
  button.addEventListener('click', () => copyFrom(button, exported(serialise)));
}
find('download-json').addEventListener('click', () => save('glossa.json', 'application/json', exported(toJson)));
find('download-csv').addEventListener('click', () => save('glossa.csv', 'text/csv', exported(toCsv)));
for (const select of [modelSelect, modeSelect]) select.addEventListener('change', describeInput);
modelSelect.addEventListener('change', prefetch);
/** @type {HTMLInputElement} */
const pipelineInput = find('open-pipeline');
pipelineInput.addEventListener('change', () => {
  const [file] = pipelineInput.files ?? [];
  // Otherwise choosing the same file again would not be a change.
  pipelineInput.value = '';
  if (file) openPipeline(file, file.name);
});
find('download-pipeline').addEventListener('click', () => {
  optionsForm.clear();
  try {
    save('pipeline.json', 'application/json', toPipeline());
  } catch (error) {
    fail('Not saved', error);
  }
});
find('reset-settings').addEventListener('click', () => {
  optionsForm.reset();
  describeInput();
});

acceptLocalModels(
  { zip: find('own-zip'), folder: find('own-folder'), zone: document.documentElement },
  (model) => {
    const files = Object.values(model.files);
    if (files.length === 1 && /\.json$/i.test(model.name)) {
      openPipeline(files[0], model.name);
      return;
    }
    const value = LOCAL + model.name;
    // The same name again is another model, or the same one changed.
    models.add(value, model);
    if (![...modelSelect.options].some((option) => option.value === value)) modelSelect.add(new Option(model.name, value));
    modelSelect.value = value;
    if (input.value.trim()) annotate();
    else setStatus('idle', `${model.name} is loaded when you annotate.`);
    describeInput();
  },
  (error) => {
    const message = error instanceof Error ? error.message : String(error);
    fail('The files cannot be read', new GlossaError('file_unreadable', message));
  },
);

// `?model=models/mine/` offers another model folder of this origin.
const asked = new URLSearchParams(location.search).get('model');
if (asked) {
  if (![...modelSelect.options].some(({ value }) => value === asked)) modelSelect.add(new Option(asked, asked));
  modelSelect.value = asked;
}
describeInput();

// Keeps the page for the next visit. Where that is denied, the page works all the same.
navigator.serviceWorker?.register('service-worker.js').catch(() => {});
prefetch();
