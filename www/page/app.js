/** The page: from the input and its options to an annotated document. */

import { GlossaError, readPipeline } from '../glossa/index.js';
import { counted } from './counted.js';
import { EXAMPLES } from './examples.js';
import { acceptLocalModels } from './local-model.js';
import { Models } from './models.js';
import { OptionsForm } from './options-form.js';
import { byId, find } from './page-elements.js';
import { ResultView, renamed } from './result-view.js';
import { copy, save, toCsv, toJson } from './save-results.js';
import { Setup } from './setup.js';
import { StatusLine } from './status-line.js';

/** @type {HTMLTextAreaElement} */
const input = find('input');
/** @type {HTMLSelectElement} */
const modelSelect = find('model');
/** @type {HTMLSelectElement} */
const modeSelect = find('mode');
/** @type {HTMLInputElement} */
const thresholdInput = find('threshold');

const optionsForm = new OptionsForm(
  byId('options'),
  {
    groups: byId('options-groups'),
    output: byId('options-output'),
    count: byId('options-count'),
    problem: byId('options-problem'),
  },
  describeInput,
);
const setup = new Setup(
  { model: modelSelect, mode: modeSelect, threshold: thresholdInput, thresholdValue: byId('threshold-value') },
  optionsForm,
);
const status = new StatusLine({
  status: find('status'),
  progress: byId('progress'),
  annotate: find('annotate'),
  cancel: find('cancel'),
});
const results = new ResultView(
  {
    document: find('document'),
    legend: find('legend'),
    chunks: find('chunks'),
    more: byId('more'),
    empty: byId('empty'),
    results: byId('results'),
    count: byId('count'),
    none: byId('none'),
    truncated: byId('truncated'),
  },
  () => setup.threshold,
);

/** @type {AbortController | null} the run under way */
let running = null;

const models = new Models((event) => running && status.showProgress(event));

/** Loads the chosen model before it is asked for, if the device has it from an earlier visit. */
async function prefetch() {
  const { model } = setup;
  const ifStillWanted = () => (running || setup.model !== model ? null : optionsForm.read().options);
  if (!running && (await models.prefetch(model, ifStillWanted)) && status.state === 'idle') {
    status.set('idle', 'Ready. The model is on this device.');
  }
}

async function annotate() {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  const { signal } = controller;
  const text = input.value;
  const { model, mode } = setup;
  optionsForm.clear();
  try {
    const { options, annotate } = optionsForm.read();
    const { key } = setup;
    if (!text.trim()) {
      show({ text, setup: key, mode, chunks: [], entities: [] });
      return;
    }
    if (models.has(model, options)) status.set('running', 'Annotating');
    else status.set('loading', 'Starting the engine');
    const annotator = await models.get(model, options, signal);
    const { name, entities, precision } = annotator.info;
    const start = performance.now();
    const onProgress = status.showProgress.bind(status);
    const { chunks, truncatedFrom, windows } = await annotator.annotate(text, { ...annotate, mode, signal, onProgress });
    const run = { windows, precision, milliseconds: Math.round(performance.now() - start) };
    const shownEntities = renamed(entities, annotate, chunks);
    show({ text, setup: key, model: name, mode, chunks, truncatedFrom, entities: shownEntities, run });
  } catch (error) {
    // A run that was replaced has nothing more to say.
    if (running !== controller) return;
    if (error instanceof GlossaError && error.code === 'cancelled') {
      status.set('cancelled', 'Cancelled. Your text is as you left it.');
    } else {
      fail('Not annotated', error);
    }
  } finally {
    if (running === controller) running = null;
  }
}

/**
 * Says what went wrong; what concerns options is said beside them too.
 * @param {string} what
 * @param {unknown} error
 */
function fail(what, error) {
  const known = error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error));
  status.fail(what, known);
  if (known.code === 'option_invalid' || known.code === 'pipeline_invalid') optionsForm.show(known);
}

/** @param {import('./result-view.js').Shown} annotation */
function show(annotation) {
  results.show(annotation);
  report();
  describeInput();
}

function report() {
  const { message, detail } = results.summary;
  status.set('done', message, { detail });
}

function redraw() {
  if (!results.shown) return;
  results.draw();
  describeInput();
  if (status.state === 'done') report();
}

function describeInput() {
  const { length } = input.value;
  byId('length').textContent = length ? counted(length, 'character') : '';
  const { shown } = results;
  const changed = shown && (shown.text === input.value ? hasOtherSetup(shown) && 'options have' : 'text has');
  byId('stale').hidden = !changed;
  if (changed) byId('stale').textContent = `The ${changed} changed since`;
}

/** @param {import('./result-view.js').Shown} shown */
function hasOtherSetup(shown) {
  try {
    return setup.key !== shown.setup;
  } catch {
    // Options that cannot be read are not those that were used.
    return true;
  }
}

/**
 * Sets the page up as a pipeline file says.
 * @param {File | Blob} file
 * @param {string} name
 */
async function openPipeline(file, name) {
  optionsForm.clear();
  try {
    setup.write(await readPipeline(file));
    if (input.value.trim()) await annotate();
    else status.set('idle', `${name} is set up. Its model is loaded when you annotate.`);
    describeInput();
  } catch (error) {
    fail('The pipeline was not opened', error);
  }
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

/** @param {(result: import('./save-results.js').Result) => string} serialise */
const exported = (serialise) => (results.saved ? serialise(results.saved) : '');

find('annotate').addEventListener('click', annotate);
find('cancel').addEventListener('click', () => running?.abort());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !running) {
    event.preventDefault();
    annotate();
  }
});
input.addEventListener('input', describeInput);
thresholdInput.addEventListener('input', () => {
  setup.showThreshold();
  if (results.isQuick) redraw();
});
thresholdInput.addEventListener('change', redraw);
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-testid="example"]'))) {
  button.addEventListener('click', () => {
    const example = /** @type {keyof typeof EXAMPLES} */ (button.dataset.example);
    input.value = EXAMPLES[example];
    setup.model = `models/${example}/`;
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
    save('pipeline.json', 'application/json', setup.toPipeline());
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
    // The same name again is another model, or the same one changed.
    models.add(setup.chooseLocal(model.name), model);
    if (input.value.trim()) annotate();
    else status.set('idle', `${model.name} is loaded when you annotate.`);
    describeInput();
  },
  (error) => {
    const message = error instanceof Error ? error.message : String(error);
    fail('The files cannot be read', new GlossaError('file_unreadable', message));
  },
);

// `?model=models/mine/` offers another model folder of this origin.
const asked = new URLSearchParams(location.search).get('model');
if (asked) setup.model = asked;
describeInput();

// Keeps the page for the next visit. Where that is denied, the page works all the same.
navigator.serviceWorker?.register('service-worker.js').catch(() => {});
prefetch();
