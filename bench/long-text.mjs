// How long the page's thread is busy at a stretch with a text of 10 MB: dropped, annotated, scrolled, drawn again, saved and
// pasted. Prints the longest task of each step, by the clock and in processor time, which a busy machine does not lengthen.
//
//   node bench/long-text.mjs [MEGABYTES]
import { readFile } from 'node:fs/promises';
import { SENTENCE, browser, serve } from '../tests/browser/harness.mjs';

const size = Number(process.argv[2] ?? 10) * 1e6;
/** Milliseconds above which a task is counted. */
const LONG_TASK = 50;

const server = await serve();
const chromium = await browser();
const page = await chromium.newPage();
page.setDefaultTimeout(0);
const devtools = await page.context().newCDPSession(page);
await page.goto(`${server.address}?model=tiny/`);
await page.evaluate(
  ([sentence, size]) => {
    // Lines and paragraphs of a few sentences, as texts have them.
    const paragraph = `${sentence.repeat(3)}\n${sentence.repeat(5)}\n\n`;
    globalThis.longText = paragraph.repeat(Math.ceil(size / paragraph.length));
  },
  [SENTENCE, size],
);

/** Does something with the page, and prints how long its thread was busy at a stretch. */
async function step(what, act) {
  const events = [];
  const take = ({ value }) => events.push(...value);
  devtools.on('Tracing.dataCollected', take);
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', '__metadata'] } });
  const start = performance.now();
  await act();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  const took = performance.now() - start;
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;
  devtools.off('Tracing.dataCollected', take);
  const main = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}:${tid}`);
  const tasks = events.filter(({ name, ph, pid, tid }) => name.endsWith('RunTask') && ph === 'X' && main.includes(`${pid}:${tid}`));
  const longest = (of) => Math.round(Math.max(0, ...tasks.map((task) => task[of] ?? 0)) / 1000);
  const long = tasks.filter(({ tdur }) => tdur > LONG_TASK * 1000).length;
  console.log(`${what}: longest task ${longest('dur')} ms, ${longest('tdur')} ms of processor time; ${long} above ${LONG_TASK} ms; took ${(took / 1000).toFixed(1)} s`);
}

const inState = (state) => page.waitForFunction((state) => document.querySelector('[data-testid="status"]').dataset.state === state, state, { polling: 200 });
const settled = async () => {
  await page.waitForFunction(() => ['done', 'error'].includes(document.querySelector('[data-testid="status"]').dataset.state), undefined, { polling: 200 });
  console.log(`  ${await page.getByTestId('status').textContent()}`);
};

await step('drop, until it is being annotated', async () => {
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File([globalThis.longText], 'long.txt'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  });
  await inState('running');
});
await step('annotate and draw', settled);
const memory = await page.workers()[0].evaluate(async (address) => (await (await import(address)).default()).memory.buffer.byteLength, `${server.address}pkg/relaxed-simd/glossa.js`);
console.log(`  the engine takes ${Math.round(memory / 2 ** 20)} MiB`);
await step('scroll', () => page.getByTestId('document').evaluate(async (element) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  for (let i = 1; i <= 40; i++) {
    element.scrollTop = (element.scrollHeight * i) / 40;
    await frame();
    await frame();
  }
}));
await step('minimum confidence', () => page.getByTestId('threshold').fill('0.5'));
await step('a row shown in the document', async () => {
  await page.locator('#more').click();
  await page.getByTestId('chunks').locator('tbody tr').last().getByRole('button').click();
});
for (const format of ['json', 'csv']) {
  await step(`save as ${format}`, async () => {
    const started = page.waitForEvent('download');
    await page.getByTestId(`download-${format}`).click();
    const { length } = await readFile(await (await started).path());
    console.log(`  ${(length / 1e6).toFixed(1)} MB`);
  });
}
await page.reload();
await page.evaluate(
  ([sentence, size]) => {
    const paragraph = `${sentence.repeat(3)}\n${sentence.repeat(5)}\n\n`;
    globalThis.longText = paragraph.repeat(Math.ceil(size / paragraph.length));
  },
  [SENTENCE, size],
);
await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
await page.evaluate(() => navigator.clipboard.writeText(globalThis.longText));
await page.getByTestId('input').focus();
await step('paste', () => page.keyboard.press('Control+v'));
console.log(`  ${await page.locator('#length').textContent()}`);
await chromium.close();
server.close();
