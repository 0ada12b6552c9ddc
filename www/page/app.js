/** The page: its parts, and what each control does. */

import { GlossaError } from '../glossa/index.js';
import { startWorkersBy } from '../glossa/start-worker.js';
import { acceptFiles } from './bring-files.js';
import { counted } from './counted.js';
import { InputText } from './input-text.js';
import { Filters } from './judging/filters.js';
import { JudgeBar } from './judging/judge-bar.js';
import { LabelScores } from './label-scores.js';
import { markLongLegend } from './long-legend.js';
import { NetworkLine } from './network-line.js';
import { NetworkLog } from './network-log.js';
import { attemptsOf, watchPage, watchServiceWorker, watchWorker } from './network-watch.js';
import { announceNewVersion } from './new-version.js';
import { OptionsForm } from './options-form.js';
import { closable } from './options-sheet.js';
import { byId, find } from './page-elements.js';
import { ResultView } from './result-view.js';
import { FORMATS, copyRich, documentOf } from './save-documents.js';
import { copy, csvParts, joined, jsonParts, save } from './save-results.js';
import { registerServiceWorker, startBoundWorker } from './script-addresses.js';
import { Session } from './session.js';
import { Setup } from './setup.js';
import { started } from './start.js';
import { stayInTab } from './stay-in-tab.js';
import { StatusLine } from './status-line.js';

/** @typedef {keyof typeof import('./examples.js').EXAMPLES} Example */

/** @type {HTMLSelectElement} */
const modelSelect = find('model');
/** @type {HTMLSelectElement} */
const modeSelect = find('mode');
/** @type {HTMLInputElement} */
const thresholdInput = find('threshold');

const network = new NetworkLog({
  page: location.href,
  from: performance.timeOrigin,
  now: () => performance.timeOrigin + performance.now(),
  onChange: () => networkLine.update(),
});
const networkLine = new NetworkLine(
  { details: byId('network'), summary: byId('network-summary'), body: byId('network-body') },
  () => network.account,
);
watchPage(network);
watchServiceWorker(network);
startWorkersBy((script) => watchWorker(network, startBoundWorker(script)));
const input = new InputText(
  { area: find('input'), notice: byId('long-text'), noticeText: byId('long-text-words'), clear: find('clear-text') },
  () => {
    session.edited();
    describe();
  },
  (reason) => session.refuse('Not pasted', new GlossaError('input_invalid', reason)),
);
const form = new OptionsForm(
  byId('options'),
  {
    groups: byId('options-groups'),
    output: byId('options-output'),
    count: byId('options-count'),
    problem: byId('options-problem'),
  },
  describe,
);
const setup = new Setup(
  { model: modelSelect, beside: byId('beside'), mode: modeSelect, threshold: thresholdInput, thresholdValue: byId('threshold-value') },
  form,
);
const status = new StatusLine(
  {
    status: find('status'),
    progress: byId('progress'),
    note: find('note'),
    annotate: find('annotate'),
    cancel: find('cancel'),
    pause: find('pause'),
  },
  (busy) => byId('empty').toggleAttribute('data-busy', busy),
);
const results = new ResultView(
  {
    document: find('document'),
    legend: find('legend'),
    layers: find('layers'),
    chunks: find('chunks'),
    scroller: byId('chunks-scroller'),
    earlier: byId('earlier'),
    more: byId('more'),
    empty: byId('empty'),
    results: byId('results'),
    count: byId('count'),
    none: byId('none'),
    truncated: byId('truncated'),
    unread: byId('unread'),
    offsets: byId('offsets'),
  },
  () => setup.threshold,
);
const panel = {
  list: find('documents'),
  listPane: byId('documents-pane'),
  textPane: byId('text-pane'),
  textTitle: byId('text-title'),
  textArea: find('input'),
  textKept: byId('text-kept'),
  count: byId('documents-count'),
  search: /** @type {HTMLInputElement} */ (find('documents-search')),
  state: /** @type {HTMLSelectElement} */ (find('documents-state')),
  none: byId('documents-none'),
  kept: byId('documents-kept'),
  forget: find('forget'),
  keep: find('keep'),
  newText: find('new-text'),
  edit: find('edit-text'),
  remove: find('remove-document'),
  back: find('back-to-documents'),
  name: byId('document-name'),
  annotate: find('annotate'),
  examples: byId('examples'),
  summary: { section: byId('summary'), button: find('summary'), document: find('document') },
};
const session = new Session({ input, setup, form, status, results, panel, onChange: describe });
/** @type {(id: string) => HTMLButtonElement} */
const button = find;
const bar = new JudgeBar(
  {
    bar: find('judge'),
    what: byId('judge-what'),
    accept: button('accept'),
    reject: button('reject'),
    add: button('add-finding'),
    entity: /** @type {HTMLSelectElement} */ (find('judge-entity')),
    newEntity: /** @type {HTMLInputElement} */ (find('judge-new-entity')),
    ends: byId('judge-ends'),
    by: /** @type {HTMLSelectElement} */ (find('judge-by')),
    next: button('next-finding'),
    previous: button('previous-finding'),
    leastCertain: button('least-certain'),
    undo: button('undo'),
    redo: button('redo'),
    same: byId('judge-same'),
    keys: find('keys'),
    document: find('document'),
    table: byId('chunks-scroller'),
  },
  session.judge,
  results,
  () => session.documents.entries.length > 1,
);
const filters = new Filters(
  {
    judging: byId('judging'),
    text: /** @type {HTMLInputElement} */ (find('filter-text')),
    entity: /** @type {HTMLSelectElement} */ (find('filter-entity')),
    confidence: /** @type {HTMLSelectElement} */ (find('filter-confidence')),
    state: /** @type {HTMLSelectElement} */ (find('filter-state')),
    accept: button('accept-shown'),
    reject: button('reject-shown'),
    shown: byId('filter-shown'),
    agreement: find('agreement'),
    open: button('open-judging'),
    results: byId('results'),
  },
  session.judge,
  results,
  bar,
  () => session.agreement,
);
new LabelScores({ box: byId('label-scores'), document: find('document') }, results, (shown) => session.withScores(shown));
session.judge.onChange = results.onChange = () => {
  bar.update();
  filters.update();
  saveWhich.hidden = !session.documents.entries.length;
};

/** Says how long the text is, and whether the result is still of it. */
function describe() {
  const { text } = input;
  if (text || !panel.listPane.hidden) network.textCameIn();
  byId('length').textContent = text ? counted(text.length, 'character') : '';
  const { shown } = results;
  const changed = shown && shown.unread === undefined && !session.isCatchingUp && (shown.text === text ? hasOtherSetup(shown) && 'options have' : 'text has');
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

/** @typedef {(result: import('./save-results.js').Result) => Iterable<string>} Format */

/**
 * Copies, and says for a moment on the button itself how that went.
 * @param {HTMLElement} button
 * @param {Format} format
 */
async function copyFrom(button, format) {
  const done = await copy(await joined(exported(format)));
  button.textContent = done ? 'Copied' : 'Not allowed here';
  setTimeout(() => (button.textContent = 'Copy'), 1600);
}

/** @param {Format} format */
const exported = (format) => (results.saved ? format(results.saved) : []);

function savePipeline() {
  form.clear();
  try {
    save('pipeline.json', 'application/json', [setup.toPipeline()]);
  } catch (error) {
    session.refuse('Not saved', error);
  }
}

for (const id of ['annotate', 'annotate-with-options']) find(id).addEventListener('click', () => session.annotate());
find('cancel').addEventListener('click', () => session.cancel());
find('pause').addEventListener('click', () => session.pause());
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  session.annotate();
});
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-testid="example"]'))) {
  const example = /** @type {Example} */ (button.dataset.example);
  button.addEventListener('click', () => {
    network.textCameIn();
    session.openExample(example);
  });
}

thresholdInput.addEventListener('input', () => {
  setup.showThreshold();
  if (results.isQuick) session.redraw();
});
thresholdInput.addEventListener('change', () => session.redraw());
for (const choice of [modelSelect, modeSelect, byId('beside')]) choice.addEventListener('change', describe);
modelSelect.addEventListener('change', () => session.prefetch());
find('download-pipeline').addEventListener('click', savePipeline);
find('reset-settings').addEventListener('click', () => {
  form.reset();
  describe();
});

for (const [name, type, format] of /** @type {const} */ ([
  ['json', 'application/json', jsonParts],
  ['csv', 'text/csv', csvParts],
])) {
  const copyButton = find(`copy-${name}`);
  copyButton.addEventListener('click', () => copyFrom(copyButton, format));
  find(`download-${name}`).addEventListener('click', () => save(`glossa.${name}`, type, exported(format)));
}

/** @type {HTMLSelectElement} */
const saveFormat = find('save-format');
/** @type {HTMLSelectElement} */
const saveWhich = find('save-which');
saveFormat.replaceChildren(...FORMATS.map(([name, words]) => new Option(words, name)));
find('save-as').addEventListener('click', () => {
  const ofAll = session.documents.entries.length > 0 && saveWhich.value === 'all';
  session.save(ofAll ? savedDocuments() : [savedDocument()], saveFormat.value);
});
const richButton = find('copy-rich');
richButton.addEventListener('click', async () => {
  const done = await copyRich(savedDocument());
  richButton.textContent = done ? 'Copied' : 'Not allowed here';
  setTimeout(() => (richButton.textContent = 'Copy marked text'), 1600);
});

/** What is shown, as it is saved. */
function savedDocument() {
  const { saved } = results;
  const { id = '1' } = session.shownEntry ?? {};
  return documentOf(id, saved ?? { text: '' }, saved?.chunks ?? []);
}

/** All documents, as they would be saved each by itself. */
async function* savedDocuments() {
  for await (const { entry, text, result, given, decisions } of session.documents.opened()) {
    const annotation = { setup: '', mode: '', chunks: [], entities: [], ...result, text, given, decisions };
    yield documentOf(entry.id, annotation, results.keptOf(annotation));
  }
}

acceptFiles(
  { inputs: [find('open-text'), find('add-files'), find('own-zip'), find('own-folder')], zone: document.documentElement },
  (files) => session.openFiles(files),
);
acceptFiles({ inputs: [find('open-pipeline')] }, async (files) => {
  const [[, file]] = await files;
  session.openPipeline(file);
});

closable(byId('options'), find('close-options'));
markLongLegend(find('legend'));
started();

// `?model=models/mine/` offers another model folder of this origin.
const asked = new URLSearchParams(location.search).get('model');
if (asked) setup.model = asked;
describe();

registerServiceWorker();
announceNewVersion(find('new-version'), () => session.wouldLose);
stayInTab(attemptsOf(network));
session.restore().then(() => session.prefetch());
