// Everything that a person can do while something else is under way: what was done last counts, and is answered.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EXAMPLES } from '../../www/page/examples.js';
import { Gate } from './gate.mjs';
import { INSECURE, TINY, browser, bundle, root, serve } from './harness.mjs';
import { chooseModel, inState } from './page.mjs';

const LONG = 300_000;
const TEXT = 'IL-2 gene expression in T cells.';
const FILE = 'NF-kappa B in a text file.';
const gate = new Gate();
let chromium;
let server;
let address;
let page;

/** Before the worker's script: an annotation waits at the gate before it is told. */
const HOLDS_ANNOTATIONS = `
  const tell = postMessage;
  // A worker that has read a text has no network of its own any more.
  const ask = fetch.bind(globalThis, new URL('/may-be-told', import.meta.url));
  globalThis.postMessage = async (message) => {
    if (message.value?.chunks) await ask();
    tell(message);
  };`;

/** The page's models are the tiny one, which loads in no time, under entity names of their own. */
const named = (suffix) => ({
  'manifest.json': (bytes) => String(bytes).replaceAll(/"([BI])-(\w+)"/g, `"$1-$2-${suffix}"`),
});
const ENTITIES = {
  'models/cellular/': ['DNA-cellular', 'cell_type-cellular', 'protein-cellular'],
  'models/clinical_trials/': ['DNA-trials', 'cell_type-trials', 'protein-trials'],
  'local:tiny': ['DNA', 'cell_type', 'protein'],
};

before(async () => {
  chromium = await browser();
  const binary = await readFile(join(root, 'www/pkg/relaxed-simd/glossa_bg.wasm'));
  const worker = await readFile(join(root, 'www/pkg/worker/worker.js'), 'utf8');
  const through = async (response, type, content) => {
    await gate.pass();
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(content);
  };
  server = await serve({
    ...(await bundle('/models/cellular/', named('cellular'))),
    ...(await bundle('/models/clinical_trials/', named('trials'))),
    '/pkg/relaxed-simd/glossa_bg.wasm': (_, response) => through(response, 'application/wasm', binary),
    '/pkg/worker/worker.js': HOLDS_ANNOTATIONS + worker,
    '/may-be-told': (_, response) => through(response, 'text/plain', ''),
  });
  // Where nothing is kept, every worker asks for the engine, and waits at the gate.
  address = server.address.replace('127.0.0.1', INSECURE);
  page = await chromium.newPage();
  page.setDefaultTimeout(20_000);
});

after(async () => {
  await chromium?.close();
  server?.close();
});

const json = (value) => ({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(value)) });
const choose = (id, file) => page.getByTestId(id).setInputFiles(file);
const press = (id) => page.getByTestId(id).click();
const example = (name) => page.locator(`[data-example="${name}"]`);
const text = (content, name = 'abstract.txt') => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

/**
 * What is shown when all has been answered; `first` is what would be shown without the action.
 * @typedef {{ state: string, model: string, text?: string, entities?: string[], message?: RegExp, note?: RegExp }} Outcome
 */

/** @type {Record<string, { act: () => Promise<unknown>, outcome: (first: Outcome, input: string) => Outcome }>} */
const ACTIONS = {
  'Annotate': {
    act: () => press('annotate'),
    outcome: (first, input) => ({ ...done(first.model, input) }),
  },
  'Annotate, double-clicked': {
    act: () => page.getByTestId('annotate').dblclick(),
    outcome: (first, input) => done(first.model, input),
  },
  'Ctrl+Enter': {
    act: () => page.getByTestId('input').press('Control+Enter'),
    outcome: (first, input) => done(first.model, input),
  },
  'the cellular example': {
    act: () => example('cellular').click(),
    outcome: () => done('models/cellular/', EXAMPLES.cellular),
  },
  'the trials example, double-clicked': {
    act: () => example('clinical_trials').dblclick(),
    outcome: () => done('models/clinical_trials/', EXAMPLES.clinical_trials),
  },
  'another model, annotated': {
    act: async () => {
      await page.getByTestId('model').selectOption('models/clinical_trials/');
      await press('annotate');
    },
    outcome: (_, input) => done('models/clinical_trials/', input),
  },
  'another model, chosen only': {
    act: () => page.getByTestId('model').selectOption('models/clinical_trials/'),
    outcome: (first) => ({ ...first, model: 'models/clinical_trials/' }),
  },
  'options, annotated': {
    act: async () => {
      await set('labelCasing', 'upper');
      await press('annotate');
    },
    outcome: (first, input) => {
      const { entities, ...rest } = done(first.model, input);
      return { ...rest, entities: entities.map((entity) => entity.toUpperCase()) };
    },
  },
  'an option that cannot be read, annotated': {
    act: async () => {
      await set('minLength', 'two');
      await press('annotate');
    },
    outcome: (first) => ({ state: 'error', model: first.model, message: /minLength.*not a whole number/ }),
  },
  'options reset': { act: () => reset(), outcome: (first) => first },
  'the text emptied, annotated': {
    act: async () => {
      await page.getByTestId('input').fill('');
      await press('annotate');
    },
    outcome: (first) => ({ state: 'done', model: first.model, text: '', entities: [], message: /^Nothing to annotate/ }),
  },
  'typing': {
    act: () => page.getByTestId('input').evaluate((area) => {
      area.value += ' More.';
      area.dispatchEvent(new Event('input'));
    }),
    outcome: (first) => first,
  },
  'another minimum confidence': { act: () => page.getByTestId('threshold').fill('0.3'), outcome: (first) => first },
  'a text file': {
    act: () => choose('open-text', text(FILE)),
    outcome: (first) => done(first.model, FILE),
  },
  'a PDF': {
    act: () => choose('open-text', text('%PDF-1.7', 'paper.pdf')),
    outcome: (first) => ({ ...first, note: /paper\.pdf is a PDF/ }),
  },
  'a model': {
    act: () => choose('own-folder', join(root, TINY)),
    outcome: (_, input) => done('local:tiny', input),
  },
  'a zip that is no model': {
    act: () => choose('own-zip', { name: 'x.zip', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04 and no more') }),
    outcome: (first) => ({ state: 'error', model: first.model, message: /x\.zip.*as before/ }),
  },
  'a pipeline': {
    act: () => choose('open-pipeline', json({ glossaPipeline: 1, model: 'models/clinical_trials', annotate: { labelCasing: 'upper' } })),
    outcome: (_, input) => {
      const { entities, ...rest } = done('models/clinical_trials/', input);
      return { ...rest, entities: entities.map((entity) => entity.toUpperCase()) };
    },
  },
  'a pipeline for the same model': {
    act: () => choose('open-pipeline', json({ glossaPipeline: 1, model: 'models/cellular' })),
    outcome: (_, input) => done('models/cellular/', input),
  },
  'a pipeline with a mistake': {
    act: () => choose('open-pipeline', json({ glossaPipeline: 1, modle: 'x' })),
    outcome: (first) => ({ ...first, note: /did you mean "model"/ }),
  },
  'Cancel': {
    act: () => press('cancel'),
    outcome: (first) => ({ state: 'cancelled', model: first.model }),
  },
};

/** What may be under way: everything that loads or annotates, with the text and the outcome that it would have. */
const UNDER_WAY = {
  'Annotate': { input: TEXT, model: 'models/cellular/' },
  'the trials example, double-clicked': { input: EXAMPLES.clinical_trials, model: 'models/clinical_trials/' },
  'a text file': { input: FILE, model: 'models/cellular/' },
  'a model': { input: TEXT, model: 'local:tiny' },
};

function done(model, text) {
  return { state: 'done', model, text, entities: ENTITIES[model] };
}

/** Enters an option whose panel is closed. */
const set = (name, value) =>
  page.locator(`[name="${name}"]`).evaluate((control, value) => {
    control.value = value;
    control.dispatchEvent(new Event('input', { bubbles: true }));
  }, value);
const reset = () => page.getByTestId('reset-settings').evaluate((button) => button.click());

async function open() {
  gate.open();
  await page.goto(address);
  await page.getByTestId('input').fill(TEXT);
  gate.close();
}

/**
 * Lets all go on, and compares what is shown at the end.
 * @param {Outcome} outcome
 * @param {string[]} complaints
 * @param {Outcome} [before] what may have been shown already before the action was through: it then stays where the action shows nothing
 */
async function answered({ state, model, text, entities, message, note }, complaints, before) {
  gate.open();
  await page.waitForFunction((state) => document.querySelector('[data-testid="status"]').dataset.state === state, state);
  const found = await page.evaluate(() => {
    const find = (id) => document.querySelector(`[data-testid="${id}"]`);
    const seen = (id) => (find(id).hidden ? undefined : find(id).textContent);
    return {
      state: find('status').dataset.state,
      model: find('model').value,
      text: seen('document'),
      entities: find('document').hidden ? undefined : [...find('legend').children].map(({ dataset }) => dataset.entity).sort(),
      message: find('status').textContent,
      note: seen('note') ?? '',
      busy: [!document.getElementById('progress').hidden, !find('cancel').hidden],
      cut: find('annotate').hidden,
    };
  });
  assert.deepEqual([found.state, found.model, found.busy, found.cut], [state, model, [false, false], false], found.message);
  if (before && text === undefined && found.text === before.text) ({ text, entities } = before);
  assert.deepEqual([found.text?.slice(0, 80), found.entities], [text?.slice(0, 80), entities && [...entities].sort()]);
  assert.equal(found.text, text);
  if (message) assert.match(found.message, message);
  if (note) assert.match(found.note, note);
  else assert.equal(found.note, '');
  assert.deepEqual(complaints, []);
}

for (const [under, { input, model }] of Object.entries(UNDER_WAY)) {
  test(`while this loads: ${under}`, { timeout: LONG }, async (context) => {
    for (const [name, { act, outcome }] of Object.entries(ACTIONS)) {
      await context.test(`then ${name}`, async () => {
        const complaints = [];
        page.removeAllListeners('pageerror').on('pageerror', (error) => complaints.push(String(error)));
        await open();
        await ACTIONS[under].act();
        await gate.held();
        await inState(page, 'loading');
        await act();
        await answered(outcome(done(model, input), input), complaints);
      });
    }
  });
}

test('while a text is annotated', { timeout: LONG }, async (context) => {
  for (const [name, { act, outcome }] of Object.entries(ACTIONS)) {
    await context.test(`then ${name}`, async () => {
      const complaints = [];
      page.removeAllListeners('pageerror').on('pageerror', (error) => complaints.push(String(error)));
      await open();
      await press('annotate');
      await gate.held();
      gate.open();
      gate.close();
      await inState(page, 'running');
      await act();
      const first = done('models/cellular/', TEXT);
      await answered(outcome(first, TEXT), complaints, first);
    });
  }
});

test('Cancel ends a run and what is being opened beside it', { timeout: LONG }, async () => {
  await open();
  await press('annotate');
  await gate.held();
  await ACTIONS['a pipeline'].act();
  await press('cancel');
  await answered({ state: 'cancelled', model: 'models/cellular/' }, []);
  await press('annotate');
  await answered(done('models/cellular/', TEXT), []);
});

test('what fails or is cancelled can be asked for again', { timeout: LONG }, async () => {
  await open();
  await press('annotate');
  await gate.held();
  await press('cancel');
  await inState(page, 'cancelled');
  await press('annotate');
  await answered(done('models/cellular/', TEXT), []);
  await chooseModel(page, 'models/missing/');
  await press('annotate');
  await inState(page, 'error');
  await chooseModel(page, 'models/cellular/');
  await press('annotate');
  await answered(done('models/cellular/', TEXT), []);
});
