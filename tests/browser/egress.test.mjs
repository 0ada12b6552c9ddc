// `./build.sh egress` on the tiny model: all that a browser sends and keeps while someone works on the page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { watch } from '../../scripts/egress.mjs';
import { file, openFiles, rowsShown, says } from './documents.mjs';
import { root } from './harness.mjs';

const LONG = 300_000;

test('the text is in nothing that a browser sends or keeps while someone works on the page', { timeout: LONG }, async () => {
  const { requests, address, bytes, files, found } = await watch({ model: 'tiny/' });
  assert.deepEqual(found, []);
  const ours = requests.filter((request) => request.address.startsWith(address));
  const asked = (end) => ours.some((request) => request.address.endsWith(end) && request.bytes > 0);
  for (const end of ['app.js', 'worker.js', 'glossa_bg.wasm', 'tiny/model.onnx', 'page-files.json']) assert.ok(asked(end), end);
  assert.deepEqual([...new Set(ours.map(({ method }) => method))], ['GET']);
  const sum = ours.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(sum > 0 && sum <= bytes, `${sum} bytes of requests, ${bytes} in sockets`);
  assert.ok(files > 0);
});

/** A person's work on documents, all of which have the text. */
async function workOnDocuments(page, address, text) {
  await page.goto(address);
  await openFiles(page, file('a.txt', text), file('b.jsonl', JSON.stringify({ id: 'b', text })));
  await says(page, /in 2 documents/);
  await page.getByTestId('documents-search').fill(text.slice(0, 60));
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '2');
  await rowsShown(page).nth(1).click();
  await page.reload();
  await says(page, /in 2 documents/);
}

test('documents are in nothing that a browser sends, and in no file but the database that the page names', { timeout: LONG }, async () => {
  const { found, requests } = await watch({ model: 'tiny/', doing: workOnDocuments });
  assert.ok(requests.length > 0);
  assert.ok(found.length > 0, 'they are kept');
  assert.deepEqual(found.filter((place) => !/in the browser's file .*IndexedDB/.test(place)), []);
});

const html = () => readFile(join(root, 'www', 'index.html'), 'utf8');

/** The page with a script that nothing forbids to take the text somewhere. */
const leaky = async (script) =>
  (await html()).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, `<script>{ const { fetch } = window; ${script} }</script>`);

/** The page with a text box that the browser is to restore. */
const restored = async () => (await html()).replace(/(<textarea [^>]*?)autocomplete="off"/, '$1');

for (const [where, page, form] of [
  ['in an address', () => leaky("addEventListener('input', ({ target }) => fetch('collect?' + encodeURIComponent(target.value)))"), /plainly in the address of GET .*\/collect\?/],
  ['in a body, in base64', () => leaky("addEventListener('input', ({ target }) => fetch('collect', { method: 'POST', body: btoa(target.value) }))"), /in base64 in what went into a socket/],
  ["in the page's storage", () => leaky("addEventListener('input', ({ target }) => (localStorage.text = target.value))"), /in the browser's file .*Local Storage/],
  ['in what the browser restores', restored, /as UTF-16 in the browser's file .*Sessions/],
]) {
  test(`a text that is ${where} is found`, { timeout: LONG }, async () => {
    const changed = await page();
    assert.notEqual(changed, await html());
    const extra = { '/': changed, '/collect': (_, response) => response.writeHead(204).end() };
    const { found } = await watch({ model: 'tiny/', extra, offline: false });
    assert.ok(found.some((place) => form.test(place)), found.join('\n'));
  });
}
