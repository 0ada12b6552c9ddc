// What a person sees on the page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const LONG = 300_000;

export const status = (page) => page.getByTestId('status');

export async function settled(page, state = 'done') {
  await page.waitForFunction(
    () => ['done', 'error', 'cancelled'].includes(document.querySelector('[data-testid="status"]').dataset.state),
    undefined,
    { timeout: LONG },
  );
  assert.equal(await status(page).getAttribute('data-state'), state, await status(page).textContent());
}

/**
 * Waits until the status is, or was since this began, in a state. A state may be over within a frame or two: whoever looks
 * from time to time, as playwright's selectors do, may never see it. Begin before what causes a state that is short.
 */
export async function inState(page, state) {
  const seen = page.evaluate(
    (state) =>
      new Promise((resolve) => {
        const status = document.querySelector('[data-testid="status"]');
        if (status.dataset.state === state) return resolve();
        const observer = new MutationObserver((changes) => {
          if (status.dataset.state !== state && !changes.some(({ oldValue }) => oldValue === state)) return;
          observer.disconnect();
          resolve();
        });
        observer.observe(status, { attributeFilter: ['data-state'], attributeOldValue: true });
      }),
    state,
  );
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(async () => {
      const now = await status(page).evaluate(({ dataset, textContent }) => `${dataset.state}: ${textContent}`).catch(String);
      reject(new Error(`the status was not ${state}, but ${now}`));
    }, LONG / 2);
  });
  await Promise.race([seen, late]).finally(() => clearTimeout(timer));
}

/** Chooses a model that the page does not offer by itself. */
export const chooseModel = (page, address) =>
  page.getByTestId('model').evaluate((select, address) => {
    if (![...select.options].some(({ value }) => value === address)) select.add(new Option(address, address));
    select.value = address;
  }, address);

/** Drops a text file on the page that is made there: a unit so many times. */
export const dropText = (page, name, unit, times) =>
  page.evaluate(([name, unit, times]) => {
    const data = new DataTransfer();
    data.items.add(new File([unit.repeat(times)], name));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, [name, unit, times]);

export const marks = (page) =>
  page.getByTestId('document').locator('mark').evaluateAll((found) =>
    found.map((mark) => ({
      begin: Number(mark.dataset.begin),
      end: Number(mark.dataset.end),
      entity: mark.dataset.entity,
      text: mark.textContent,
    })),
  );

export const rows = (page) =>
  page.getByTestId('chunks').locator('tbody tr').evaluateAll((found) =>
    found.map((row) => ({
      begin: Number(row.dataset.begin),
      end: Number(row.dataset.end),
      entity: row.dataset.entity,
      text: row.cells[0].textContent,
    })),
  );

/**
 * Evaluates a function as an extension's would be: in a world of its own, in which nothing is taken away, on the same page.
 * @param {string} script what is evaluated before
 */
export async function besideThePage(page, script, evaluated) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  const run = async (expression, options = {}) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { contextId, expression, ...options });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  };
  await run(script);
  return run(`(${evaluated})()`, { awaitPromise: true, returnByValue: true });
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong. */
export async function problems(page) {
  const { violations } = await besideThePage(page, axe, () => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** How many pixels the page is wider than the screen. */
export const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/**
 * What the page says of the network at its foot: in its line, and in what stands behind it, which is open afterwards.
 * @returns {Promise<{ kind: string, words: string, since: number, until: number, sent: string[], withText: string[],
 *   origins: string[], blocked: string[] }>} times in milliseconds since 1970; `sent`: addresses
 */
export async function networkAccount(page) {
  const line = page.getByTestId('network');
  if (!(await line.evaluate(({ open }) => open))) await line.locator('summary').click();
  const until = Date.now();
  // Browsers list a request some time after its end, and the page draws what is new together.
  await page.waitForTimeout(700);
  return line.evaluate((line, until) => {
    const all = (list, query, of) => [...line.querySelectorAll(`[data-list="${list}"] ${query}`)].map(of);
    const address = ({ dataset }) => dataset.address;
    return {
      kind: line.dataset.kind,
      words: line.querySelector('summary').textContent,
      since: Number(line.dataset.since),
      until,
      sent: all('sent', 'li', address),
      withText: all('sent', 'li[data-had-text="true"]', address),
      origins: all('loaded', 'li', ({ textContent }) => textContent),
      blocked: all('blocked', 'li', ({ textContent }) => textContent),
    };
  }, until);
}
