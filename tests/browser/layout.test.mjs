// How the page looks: on small screens, printed, in other scripts, to those who do not see it, and without its script.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Gate } from './gate.mjs';
import { SENTENCE, browser, bundle, root, screenshots, serve } from './harness.mjs';
import { besideThePage, inState, networkAccount, settled, status } from './page.mjs';

const LONG = 300_000;
const gate = new Gate();
let chromium;
let server;
let axe;

before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  chromium = await browser();
  const slow = await bundle('/slow/');
  server = await serve({
    ...slow,
    '/slow/model.onnx': async (_, response) => {
      const content = slow['/slow/model.onnx'];
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': content.length });
      response.write(content.subarray(0, 20_000));
      await gate.pass();
      response.end(content.subarray(20_000));
    },
    '/frame.html': '<!doctype html><iframe sandbox="allow-scripts" src="/index.html" width="1000" height="700"></iframe>',
  });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

async function open({ query = '?model=tiny/', ...options } = {}) {
  const page = await chromium.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(60_000);
  await page.goto(server.address + query);
  return page;
}

async function annotated(text, options) {
  const page = await open(options);
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
  return page;
}

/** The page with the longest legend: an example of the clinical trials' model. */
async function example(options) {
  const page = await open({ query: '', ...options });
  await page.locator('[data-example="clinical_trials"]').click();
  await settled(page);
  return page;
}

const openOptions = (page) => page.getByTestId('settings').locator('> summary').click();

/** Whether an element is on the screen, or comes to be. */
const onScreen = (page, id) =>
  page.waitForFunction((id) => {
    const { top, height } = document.querySelector(`[data-testid="${id}"]`).getBoundingClientRect();
    return height > 0 && top >= 0 && top < innerHeight / 2;
  }, id);

for (const [what, options] of [
  ['wide, light', {}],
  ['wide, dark', { colorScheme: 'dark' }],
  ['narrow, light', { viewport: { width: 390, height: 844 } }],
  ['narrow, dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
]) {
  test(`axe finds nothing: ${what}`, { timeout: LONG }, async () => {
    const page = await open({ query: '', reducedMotion: 'reduce', ...options });
    const clean = async (state) => {
      const found = await besideThePage(page, axe, async () => {
        const { violations, passes } = await globalThis.axe.run();
        if (!passes.some(({ id }) => id === 'color-contrast')) return ['axe has looked at no colours'];
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
      });
      assert.deepEqual(found, [], state);
    };
    await clean('empty');
    await page.locator('[data-example="clinical_trials"]').click();
    await settled(page);
    await clean('with a result');
    await page.getByTestId('chunks').locator('thead [data-column="confidence"]').click();
    await page.getByTestId('chunks').locator('tbody button').first().press('Enter');
    await networkAccount(page);
    await clean('with a row selected in a sorted table, and the account of the network open');
    await openOptions(page);
    await page.getByTestId('settings').evaluate((panel) => panel.querySelectorAll('details').forEach((fold) => (fold.open = true)));
    await clean('with options open');
    await page.locator('[name="minLength"]').fill('two');
    await page.getByTestId('annotate-with-options').click();
    await inState(page, 'error');
    await clean('with an error');
    await page.close();
  });
}

test('nothing is wider than a screen of 320 pixels', { timeout: LONG }, async () => {
  const page = await example({ viewport: { width: 320, height: 640 } });
  const wide = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((element) => element.checkVisibility() && !element.closest('select') && element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 120)),
    );
  assert.deepEqual(await wide(), []);
  await openOptions(page);
  assert.deepEqual(await wide(), []);
  await page.close();
});

test('on a narrow screen the result comes into view', { timeout: LONG }, async () => {
  const page = await example({ viewport: { width: 390, height: 844 } });
  await onScreen(page, 'legend');
  await page.close();
});

test('the options lie over the text, and leave the result where it is', { timeout: LONG }, async () => {
  for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
    const page = await annotated(SENTENCE, { viewport, reducedMotion: 'reduce' });
    const place = (id) => page.getByTestId(id).evaluate((element) => element.getBoundingClientRect().top + scrollY);
    const before = await place('document');
    await openOptions(page);
    assert.equal(await place('document'), before);
    const sheet = await page.locator('.options-sheet').boundingBox();
    assert.ok(sheet.y >= 0 && sheet.y + sheet.height <= viewport.height + 1, `the sheet is out of sight: ${JSON.stringify(sheet)}`);
    if (viewport.width > 1000) {
      const { x } = await page.getByTestId('document').boundingBox();
      assert.ok(sheet.x + sheet.width <= x + 1, 'the result is covered');
    }
    await page.locator('[name="excludeEntities"]').fill('DNA');
    await page.getByTestId('annotate-with-options').click();
    await page.waitForFunction(() => document.querySelectorAll('mark').length === 2);
    await page.keyboard.press('Escape');
    assert.ok(await page.locator('.options-sheet').isHidden());
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'SUMMARY');
    await openOptions(page);
    await page.getByTestId('close-options').click();
    assert.ok(await page.locator('.options-sheet').isHidden());
    await page.close();
  }
});

test('a legend that is longer than its place shows that it scrolls', { timeout: LONG }, async () => {
  const page = await example({ viewport: { width: 390, height: 844 } });
  const legend = page.getByTestId('legend');
  await page.waitForSelector('[data-testid="legend"][data-more]');
  assert.match(await legend.evaluate((element) => getComputedStyle(element).maskImage), /gradient/);
  await legend.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await page.waitForSelector('[data-testid="legend"]:not([data-more])');
  await page.getByTestId('model').selectOption('models/cellular/');
  await page.getByTestId('annotate').click();
  await page.waitForSelector('[data-testid="legend"] [data-entity="cell_line"]');
  assert.equal(await legend.getAttribute('data-more'), null, 'five entities fit');
  await page.close();
});

test('printed, the document is whole, with its legend', { timeout: LONG }, async () => {
  const text = `${SENTENCE.repeat(200)}The end.`;
  const page = await annotated(text, { colorScheme: 'dark' });
  await openOptions(page);
  await page.emulateMedia({ media: 'print' });
  const { cut, marks, legend, hidden, ink } = await page.evaluate(() => {
    const find = (id) => document.querySelector(`[data-testid="${id}"]`);
    const whole = [find('document'), find('legend'), ...document.querySelectorAll('.text-span, .pane, .reader')];
    const cut = whole.filter((element) => {
      const { overflowY, maskImage, contentVisibility } = getComputedStyle(element);
      const clipped = overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1;
      return element.checkVisibility() && (clipped || maskImage !== 'none' || contentVisibility === 'auto');
    });
    const mark = document.querySelector('mark');
    return {
      cut: cut.map(({ className }) => className),
      marks: getComputedStyle(mark).printColorAdjust,
      legend: [...find('legend').children].filter((button) => button.checkVisibility()).map(({ dataset }) => dataset.entity),
      hidden: ['annotate', 'input', 'settings', 'status', 'copy-json'].filter((id) => find(id).checkVisibility()),
      ink: getComputedStyle(document.body).color,
    };
  });
  assert.deepEqual(cut, []);
  assert.equal(marks, 'exact');
  assert.deepEqual(legend.sort(), ['DNA', 'cell_type', 'protein']);
  assert.deepEqual(hidden, []);
  assert.equal(ink, 'rgb(29, 35, 38)', 'paper is light');
  await writeFile(join(screenshots, 'printed.pdf'), await page.pdf({ format: 'A4' }));
  await page.close();
});

test('a text is read in the direction of its own script', { timeout: LONG }, async () => {
  const hebrew = 'הגן IL-2 נבדק.';
  const page = await annotated(`${hebrew}\n\nIL-2 gene.`);
  const directions = (id) => page.getByTestId(id).evaluate((element) => [element.dir, getComputedStyle(element).direction]);
  for (const id of ['input', 'document']) assert.deepEqual(await directions(id), ['auto', 'rtl']);
  const [first, second] = await page.locator('mark').evaluateAll((marks) => marks.map((mark) => mark.getBoundingClientRect().left));
  const { x, width } = await page.getByTestId('document').boundingBox();
  assert.ok(first > x + width / 2, 'the Hebrew paragraph begins at the right');
  assert.ok(second < x + width / 4, 'the English one at the left');
  assert.equal(await page.locator('.chunk').first().getAttribute('dir'), 'auto');
  await page.close();
});

test('the sample goes when work begins, and a download that stands still has the true count', { timeout: LONG }, async () => {
  const page = await open({ query: '?model=slow/' });
  assert.ok(await page.locator('.sample').isVisible());
  gate.close();
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await inState(page, 'loading');
  assert.ok(await page.locator('.sample').isHidden());
  const { length: vocabulary } = await readFile(join(root, 'tests/models/tiny/vocab.txt'));
  const { length: model } = await readFile(join(root, 'tests/models/tiny/model.onnx'));
  const ratio = (20_000 + vocabulary) / (model + vocabulary);
  await page.waitForFunction((ratio) => Math.abs(document.getElementById('progress').value - ratio) < 1e-6, ratio);
  gate.open();
  await settled(page);
  await page.close();
});

test('without its script the page says why nothing works, and no button is dead', { timeout: LONG }, async () => {
  const fromDisk = await chromium.newPage();
  await fromDisk.goto(`file://${join(root, 'www', 'index.html')}`);
  const inFrame = await open({ query: 'frame.html' });
  const frame = inFrame.frames().find((frame) => frame.url().endsWith('/index.html'));
  const scriptless = await (await chromium.newContext({ javaScriptEnabled: false })).newPage();
  await scriptless.goto(server.address);
  for (const [where, page] of [['disk', fromDisk], ['frame', frame], ['no JavaScript', scriptless]]) {
    assert.match(await status(page).textContent(), /has not started/, where);
    const buttons = await page.locator('button:visible').all();
    assert.ok(buttons.length >= 3);
    for (const button of buttons) {
      await button.click();
      assert.ok(await page.locator('#not-started').isVisible(), where);
      await button.press('Escape');
      assert.ok(await page.locator('#not-started').isHidden(), where);
    }
    for (const input of await page.locator('input[type="file"]').all()) assert.ok(await input.isDisabled(), where);
  }
  assert.match(await fromDisk.locator('#not-started').textContent(), /Opened from disk/);
});
