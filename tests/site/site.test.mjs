// target/site as a host serves it that knows nothing: below a path, with no header but the type and length of a file.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chapters } from '../../scripts/site/book.mjs';
import { ROOT, blocksOf } from '../../scripts/site/markdown.mjs';
import { browser, screenshots, until } from '../browser/harness.mjs';
import { serve } from '../npm/serve.mjs';

const SITE = join(ROOT, 'target/site');
const BELOW = '/some/where/';
const LONG = 120_000;
const pagesOfSite = /** @type {string[]} */ (readdirSync(SITE, { recursive: true })).filter((path) => path.endsWith('.html')).sort();
/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  server = await serve(SITE, { below: BELOW });
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  server?.close();
});

/** A visitor of their own, whose browser says where it asks, and of what it complains. */
async function visitor(options = {}) {
  const context = await chromium.newContext(options);
  context.setDefaultTimeout(60_000);
  /** @type {string[]} */
  const elsewhere = [];
  /** @type {string[]} */
  const complaints = [];
  context.on('request', (request) => {
    if (/^(?:https?|wss?):/.test(request.url()) && !request.url().startsWith(server.address)) elsewhere.push(request.url());
  });
  context.on('weberror', (error) => void complaints.push(String(error.error())));
  context.on('console', (message) => void (message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`)));
  return { context, page: await context.newPage(), elsewhere, complaints };
}

/** @param {string} html */
const idsOf = (html) => new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => decoded(id)));
const decoded = (/** @type {string} */ text) => text.replaceAll('&amp;', '&').replaceAll('&#x2F;', '/').replaceAll('&#39;', "'");

/**
 * Links and resources of a page that are not in the site, and its links to the host's root.
 * @param {string} path
 * @param {(path: string) => string | undefined} read
 */
function deadOf(path, read) {
  const html = String(read(path)).replaceAll(/(<script\b[^>]*>)[^]*?<\/script>|<!--[^]*?-->/g, (_, tag = '') => tag);
  const tags = [...html.matchAll(/<[a-z](?:"[^"]*"|'[^']*'|[^>"'])*>/gi)].join('\n');
  return [...tags.matchAll(/\s(?:href|src)=(?:"([^"]*)"|'([^']*)')/g)].map(([, one, other]) => decoded(one ?? other)).filter((target) => {
    if (/^(?:https?|mailto|data|javascript):/.test(target)) return false;
    if (target.startsWith('/')) return true;
    const url = new URL(target, `site://folder/${path}`);
    const name = decodeURIComponent(url.pathname.slice(1));
    const found = name.endsWith('/') || name === '' ? `${name}index.html` : name;
    const content = read(found);
    if (content === undefined) return true;
    const [, anchor] = target.split('#');
    // rustdoc's script makes of numbers a range of lines.
    if (!anchor || /^\d+(?:-\d+)?$/.test(anchor) || !found.endsWith('.html')) return false;
    // Browsers take an anchor as it is written, and otherwise decoded.
    const ids = idsOf(content);
    return !ids.has(anchor) && !ids.has(decodeURIComponent(anchor));
  });
}

const readOfSite = (/** @type {string} */ path) => {
  try {
    const whole = join(SITE, path);
    return /\.(?:html|svg)$/.test(path) ? readFileSync(whole, 'utf8') : statSync(whole).isFile() ? '' : undefined;
  } catch {
    return undefined;
  }
};

test('every link, anchor and resource of every page is there, and none begins at the root of the host', () => {
  assert.ok(pagesOfSite.length > 100, `${pagesOfSite.length} pages`);
  const dead = pagesOfSite.flatMap((path) => deadOf(path, readOfSite).map((target) => `${path}: ${target}`));
  assert.deepEqual(dead, []);
});

test('what is not there is found', () => {
  const made = { 'a/b.html': '<a href="../c.html#d">x</a><a href="#e">y</a><img src=\'f.png\'><a href="/g">z</a><a href="https://files.test/">w</a>', 'c.html': '<p id="d">' };
  const read = (/** @type {string} */ path) => made[path];
  assert.deepEqual(deadOf('a/b.html', read), ['#e', 'f.png', '/g']);
  made['c.html'] = '<p id="other">';
  assert.deepEqual(deadOf('a/b.html', read), ['../c.html#d', '#e', 'f.png', '/g']);
});

test('the page annotates, and leads to the documentation, which leads back', { timeout: LONG }, async () => {
  const { context, page, elsewhere, complaints } = await visitor();
  await page.goto(server.address);
  await page.click('text="Cellular"');
  await page.click('[data-testid=annotate]');
  await page.waitForSelector('mark');
  assert.ok(await page.locator('mark').count() > 3);
  const [docs] = await Promise.all([context.waitForEvent('page'), page.click('footer >> text=Documentation')]);
  await docs.waitForSelector('h1:has-text("Glossa")');
  await docs.screenshot({ path: join(screenshots, 'site-docs-front.png') });
  await docs.click('text=Annotate a text');
  await docs.waitForSelector('[data-testid=annotate]');
  assert.equal(docs.url(), `${server.address}index.html`);
  assert.deepEqual([elsewhere, complaints], [[], []]);
  await context.close();
});

test('every page of the book and of the interfaces opens, and asks no other host', { timeout: 3 * LONG }, async () => {
  const { context, page, elsewhere, complaints } = await visitor();
  const ofBook = [...chapters().values()].map((place) => `docs/${place.replace(/\.md$/, '.html')}`);
  const ofInterfaces = pagesOfSite.filter((path) => /^api\/js\/(?:[^/]+|classes\/.*)\.html$|^api\/rust\/glossa_ner\/(?:[^/]+|formats\/index)\.html$/.test(path));
  assert.ok(ofBook.length > 20 && ofInterfaces.length > 10);
  for (const path of [...ofBook, ...ofInterfaces]) {
    await page.goto(`${server.address}${path}`);
    assert.notEqual((await page.textContent('h1'))?.trim() ?? '', '', path);
  }
  assert.deepEqual([elsewhere, complaints], [[], []]);
  await context.close();
});

test('no page of the book is wider than a phone', { timeout: LONG }, async () => {
  const { context, page } = await visitor({ viewport: { width: 390, height: 844 } });
  for (const place of chapters().values()) {
    await page.goto(`${server.address}docs/${place.replace(/\.md$/, '.html')}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `${place}: ${width}`);
  }
  await context.close();
});

test('the search of the book finds something', { timeout: LONG }, async () => {
  const { context, page, elsewhere, complaints } = await visitor();
  await page.goto(`${server.address}docs/guide.html`);
  await page.keyboard.press('s');
  // The book searches at each key.
  await page.locator('#mdbook-searchbar').pressSequentially('PubTator');
  await page.click('#mdbook-searchresults a >> nth=0');
  await page.waitForFunction(() => document.querySelector('main mark')?.textContent?.toLowerCase().includes('pubtator'));
  assert.deepEqual([elsewhere, complaints], [[], []]);
  await context.close();
});

test('diagrams of the book are drawn', { timeout: LONG }, async () => {
  const { context, page, complaints } = await visitor();
  await page.goto(`${server.address}docs/architecture.html`);
  await page.waitForSelector('.diagram svg');
  const drawn = await page.textContent('.diagram');
  const [diagram] = blocksOf('docs/architecture.md', 'mermaid');
  const labels = [...diagram.matchAll(/\["([^"]+)"\]/g)].flatMap(([, label]) => label.split('<br>'));
  assert.ok(labels.length > 20);
  for (const label of labels) assert.ok(drawn?.includes(label), label);
  assert.deepEqual(complaints, []);
  const licences = readFileSync(join(SITE, 'docs/diagrams/LICENSES.txt'), 'utf8');
  for (const name of ['mermaid', 'dompurify', 'd3-shape']) assert.match(licences, new RegExp(`^${name} \\d.*\n=+\n\n[^]*Copyright`, 'm'));
  await context.close();
});

for (const [name, expected] of Object.entries({
  'static.html': ['li', ['protein: Tax', 'protein: CREB/ATF family', 'cell_type: human T cells']],
  'vite/index.html': ['li', ['protein: Tax', 'protein: CREB/ATF family', 'cell_type: human T cells']],
  'element.html': ['p mark', ['Tax', 'CREB/ATF family', 'human T cells']],
})) {
  test(`the example ${name} runs`, { timeout: LONG }, async () => {
    const { context, page, elsewhere, complaints } = await visitor();
    await page.goto(`${server.address}examples/index.html`);
    await page.click(`a[href="${name}"]`);
    const [selector, found] = /** @type {[string, string[]]} */ (expected);
    await page.waitForFunction(([one, count]) => document.querySelectorAll(String(one)).length >= Number(count), [selector, found.length]);
    assert.deepEqual(await page.locator(selector).allTextContents(), found);
    assert.deepEqual([elsewhere, complaints], [[], []]);
    await context.close();
  });
}

test('the example page.html runs', { timeout: LONG }, async () => {
  const { context, page, elsewhere } = await visitor();
  await page.goto(`${server.address}examples/page.html`);
  await page.click('#annotate');
  await page.waitForSelector('#chunks li');
  assert.match(await page.textContent('#chunks') ?? '', /NF-kappa B/);
  assert.deepEqual(elsewhere, []);
  await context.close();
});

test('the service worker keeps the page, and neither documentation nor examples', { timeout: LONG }, async () => {
  const own = await serve(SITE, { below: BELOW });
  const context = await chromium.newContext();
  const page = await context.newPage();
  await page.goto(own.address);
  await until(page, () => Boolean(navigator.serviceWorker.controller));
  const kept = () => page.evaluate(async () => {
    const addresses = [];
    for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) addresses.push(url);
    return addresses;
  });
  // By then the page is kept whole.
  await until(page, async () => (await caches.keys()).length > 0);
  const other = await context.newPage();
  for (const path of ['docs/index.html', 'docs/guide.html', 'examples/index.html', 'api/js/index.html']) {
    await other.goto(`${own.address}${path}`);
    const asked = own.requests.length;
    await other.goto(`${own.address}${path}`);
    // A page that a worker had kept would be shown without its host.
    assert.ok(own.requests.slice(asked).includes(`${BELOW}${path}`), path);
  }
  const addresses = await kept();
  assert.ok(addresses.length > 0);
  assert.deepEqual(addresses.filter((url) => /\/(?:docs|examples|api)\//.test(url)), []);
  await page.reload();
  await context.setOffline(true);
  await page.reload();
  assert.equal(await page.title(), 'Glossa: biomedical entities, in this tab');
  await page.waitForSelector('footer >> text=Documentation');
  await assert.rejects(other.goto(`${own.address}docs/index.html`), /ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
  await context.close();
  own.close();
});
