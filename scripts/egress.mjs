// Watches all that a browser sends while someone works on the page, and looks for the text in it.
//
//   node scripts/egress.mjs [MODEL]    MODEL: its folder on the page, models/cellular/ by default
//
// Ends with 1 if the text is in anything that was sent, or in a file that the browser has kept.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { randomBytes } from 'node:crypto';
import { chromium } from 'playwright-core';
import { TINY, launching, root, serve } from '../tests/browser/harness.mjs';
import { networkAccount, settled } from '../tests/browser/page.mjs';
import { sentBy } from './net-log.mjs';
import { filesIn, finder } from './traces.mjs';

/** A text that no one has written before, so that what is found is of it. */
function newText() {
  const words = Array.from({ length: 2 }, () => `q${randomBytes(6).toString('hex')}z`);
  const sentences = words.map((word) => `IL-2 gene expression of ${word} requires NF-kappa B in human T cells.`);
  return { text: sentences.join(' '), words };
}

/**
 * A person's work on the page, step by step.
 * @param {import('playwright-core').Page} page
 * @param {string} address of the page
 * @param {string} text
 * @param {{ step?: (what: string) => void, goOffline?: () => Promise<void>, atEnd?: () => Promise<void> }} [options] `goOffline`
 *   ends the page's server; `atEnd` is called at the end of each visit
 */
export async function work(page, address, text, { step = () => {}, goOffline, atEnd = async () => {} } = {}) {
  const element = (id) => page.getByTestId(id);
  const paste = async () => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await element('input').press('Control+a');
    await element('input').press('Control+v');
    await page.waitForFunction((text) => document.querySelector('[data-testid="input"]').value === text, text);
  };
  const annotate = async (id = 'annotate') => {
    await element(id).click();
    await settled(page);
  };
  const saved = async (id) => {
    const [download] = await Promise.all([page.waitForEvent('download'), element(id).click()]);
    return download.path();
  };

  step('opens the page, pastes a text and annotates it');
  await page.goto(address);
  await paste();
  await annotate();

  step('changes options, and annotates again');
  await element('mode').selectOption('truncate');
  await element('threshold').fill('0.5');
  await element('settings').locator('> summary').click();
  await annotate('annotate-with-options');

  step('copies the result and saves it, and the set-up');
  for (const id of ['copy-json', 'copy-csv']) await element(id).click();
  for (const id of ['download-json', 'download-csv']) await saved(id);
  const pipeline = await saved('download-pipeline');
  await element('close-options').click();

  step('types into the text');
  await element('input').press('End');
  await page.keyboard.type(' More of it.');
  await annotate();

  step('opens the set-up, a model of their own, and a text file');
  await element('open-pipeline').setInputFiles({ name: 'pipeline.json', mimeType: 'application/json', buffer: readFileSync(pipeline) });
  await settled(page);
  await element('own-folder').setInputFiles(join(root, TINY));
  await page.waitForFunction(() => document.querySelector('[data-testid="model"]').value.startsWith('local:'));
  await settled(page);
  await element('open-text').setInputFiles({ name: 'text.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await settled(page);

  step('opens an example');
  await element('example').first().click();
  await settled(page);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
  await atEnd();

  step('leaves, and comes back');
  await page.goto('about:blank');
  await page.goBack();
  await page.reload();
  await paste();
  await annotate();
  await atEnd();
  if (!goOffline) return;
  step('comes back without a network');
  await goOffline();
  await page.goto(address);
  await paste();
  await annotate();
  await atEnd();
}

/**
 * Has that work done in a browser of its own, and tells what was sent.
 * @param {object} options
 * @param {string} options.model its folder on the page
 * @param {Record<string, unknown>} [options.extra] files that the page's server has instead of its own
 * @param {boolean} [options.offline] whether the last visit is without a network
 * @param {(what: string) => void} [options.step] is told what is being done
 * @param {typeof work} [options.doing] other work
 */
export async function watch({ model, extra, offline = true, step, doing = work }) {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-egress-'));
  const [profile, log, downloads] = ['profile', 'net-log.json', 'downloads'].map((name) => join(folder, name));
  mkdirSync(downloads);
  const { text, words } = newText();
  const server = await serve(extra);
  /** What the page says at the end of each visit. */
  const accounts = [];
  let running = true;
  const stop = async () => {
    if (running) await server.stop();
    running = false;
  };
  try {
    const browser = await chromium.launchPersistentContext(profile, {
      ...launching,
      args: ['--headless', '--no-sandbox', '--disable-gpu', `--log-net-log=${log}`, '--net-log-capture-mode=Everything'],
      permissions: ['clipboard-read', 'clipboard-write'],
      downloadsPath: downloads,
    });
    try {
      const page = browser.pages()[0];
      const atEnd = async () => void accounts.push(await networkAccount(page));
      await doing(page, `${server.address}?model=${model}`, text, { step, goOffline: offline ? stop : undefined, atEnd });
    } finally {
      await browser.close();
    }
    const sent = sentBy(log);
    const find = finder(words);
    const kept = filesIn(profile);
    const places = [
      ...sent.requests.map(({ method, address }) => [`the address of ${method} ${address}`, Buffer.from(address)]),
      ...sent.names.map((name) => [`a host's name, ${name}`, Buffer.from(name)]),
      ...sent.data.map((data) => [`what went into a socket: ${data.subarray(0, 60).toString('latin1')}…`, data]),
      ['what the page’s server was sent', Buffer.from(server.received, 'latin1')],
      ...kept.map(({ path, data }) => [`the browser's file ${path}`, data]),
    ];
    const found = places.flatMap(([place, data]) => find(data)?.concat(` in ${place}`) ?? []);
    return { ...sent, address: server.address, files: kept.length, found, accounts };
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it for people: prints what is done, what was sent, and the verdict. */
async function main([model = 'models/cellular/']) {
  const { requests, names, bytes, data, address, files, found, accounts } = await watch({
    model: model.endsWith('/') ? model : `${model}/`,
    step: (what) => console.log(`  Someone ${what}.`),
  });
  const ours = requests.filter((request) => request.address.startsWith(address));
  const others = requests.filter((request) => !ours.includes(request));
  const list = (title, requests) => {
    console.log(`\n${title}`);
    for (const { method, address, bytes } of requests) {
      console.log(`  ${method.padEnd(4)} ${String(bytes).padStart(6)} bytes  ${address.slice(0, 120)}`);
    }
    if (!requests.length) console.log('  none');
  };
  list('Requests to the page’s server (0 bytes: the browser had the answer itself, or there was no network)', ours);
  list('Requests to other hosts, which the browser makes by itself', others);
  console.log('\nWhat the page itself said at the end of each visit');
  for (const { words, sent } of accounts) {
    console.log(`  ${words}`);
    for (const asked of sent) console.log(`    ${asked.slice(0, 120)}`);
  }
  console.log(`\nNames of hosts that were looked up: ${names.join(', ')}`);
  console.log(`${bytes} bytes went into ${data.length} sockets. The browser has kept ${files} files.`);
  if (!found.length) {
    console.log(`\nThe text appeared in none of ${requests.length} requests, in no byte sent, and in no file kept.`);
    return;
  }
  console.log(`\nThe text has left the tab:\n${found.map((place) => `  ${place}`).join('\n')}`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
