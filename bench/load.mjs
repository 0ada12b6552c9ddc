// Drops a model's zip on the page, and prints how long it takes to load and the peak memory of the tab.
//
//     node bench/load.mjs MODEL.zip [--screenshot FILE.png]
//
// Prints one JSON object: seconds until the text is annotated; number of progress updates and longest time between two;
// peak resident memory in MB of the tab's process and of the browser's, and before the drop. Linux only.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { browser, serve } from '../tests/browser/harness.mjs';

const TEXT = 'Expression of the GATA-1 gene in T cells.';
const path = resolve(process.argv[2]);
const screenshot = process.argv[process.argv.indexOf('--screenshot') + 1];

/** Linux's data on all descendants of this process. */
function descendants() {
  const processes = new Map();
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      const field = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
      const kind = readFileSync(`/proc/${id}/cmdline`, 'utf8').match(/--type=([\w-]+)/)?.[1] ?? 'browser';
      processes.set(Number(id), { id, parent: field('PPid'), kind, peak: field('VmHWM') / 1024, now: field('VmRSS') / 1024 });
    } catch {
      // The process has ended.
    }
  }
  const ours = ({ parent }) => parent === process.pid || (processes.has(parent) && ours(processes.get(parent)));
  return [...processes.values()].filter(ours);
}

/** The process of a kind with the largest memory. */
const largest = (kind, field) => Math.round(Math.max(...descendants().filter((found) => found.kind === kind).map((found) => found[field])));

const server = await serve();
const chromium = await browser();
try {
  const page = await chromium.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(server.address);
  await page.fill('[data-testid="input"]', TEXT);
  const before = { tab: largest('renderer', 'now'), browser: largest('browser', 'now') };
  await page.evaluate(() => {
    const seen = (globalThis.seen = []);
    const status = document.querySelector('[data-testid="status"]');
    const note = () => seen.push({ at: performance.now(), state: status.dataset.state, text: status.textContent });
    new MutationObserver(note).observe(status, { subtree: true, childList: true, characterData: true, attributes: true });
  });

  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const start = await page.evaluate(() => performance.now());
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await devtools.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  }
  const timeout = 300_000;
  await page.waitForFunction(() => ['done', 'error'].includes(document.querySelector('[data-testid="status"]').dataset.state), null, { timeout });
  const seen = await page.evaluate(() => globalThis.seen);
  const loading = seen.filter(({ state }) => state === 'loading');
  const times = [start, ...seen.map(({ at }) => at)];
  const loaded = seen.find(({ state }) => state === 'running')?.at ?? times.at(-1);
  const seconds = (milliseconds) => Number((milliseconds / 1000).toFixed(2));
  const result = {
    file: path,
    megabytes: Math.round(statSync(path).size / 1e6),
    loadSeconds: seconds(loaded - start),
    totalSeconds: seconds(times.at(-1) - start),
    progressUpdates: loading.length,
    longestSilenceSeconds: seconds(Math.max(...times.slice(1).map((time, i) => time - times[i]))),
    tabPeak: largest('renderer', 'peak'),
    tabBefore: before.tab,
    tabAfter: largest('renderer', 'now'),
    browserPeak: largest('browser', 'peak'),
    browserBefore: before.browser,
    status: seen.at(-1).text,
    marks: await page.locator('[data-testid="document"] mark').count(),
  };
  console.log(JSON.stringify(result, null, 1));
  if (process.argv.includes('--screenshot')) await page.screenshot({ path: screenshot });
} finally {
  await chromium.close();
  server.close();
}
