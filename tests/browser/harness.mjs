// A static server over www/ with extra files of the test's own, and a headless Chromium.
import { createServer } from 'node:http';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** A test's reason to be skipped, if any, which under CI is an error: there everything must run. */
export function skipFor(reason) {
  if (reason && process.env.CI) throw new Error(`this test must run under CI: ${reason}`);
  return reason;
}

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const screenshots = join(root, 'target', 'screenshots');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Folders that are served beside www/, by the path that begins their files' addresses. */
const FOLDERS = [
  ['/golden/', join(root, 'tests', 'golden')],
  ['/tiny/', join(root, 'tests', 'models', 'tiny')],
  ['/sets/', join(root, 'tests', 'models', 'sets')],
];

/** A model that labels by rule, and what it finds in some texts: see `tests/tiny.rs`. */
export const TINY = 'tests/models/tiny';
export const expected = JSON.parse(readFileSync(join(root, TINY, 'expected.json'), 'utf8'));

/** A sentence in which the tiny model finds three chunks, however often it is repeated. */
export const SENTENCE = 'IL-2 gene expression requires NF-kappa B in human T cells. ';
export const IN_SENTENCE = [
  { begin: 0, end: 9, text: 'IL-2 gene', entity: 'DNA' },
  { begin: 30, end: 40, text: 'NF-kappa B', entity: 'protein' },
  { begin: 50, end: 57, text: 'T cells', entity: 'cell_type' },
];

/** Chunks without their confidence. */
export const places = (chunks) => chunks.map(({ begin, end, text, entity }) => ({ begin, end, text, entity }));

/** Serves www/, the tests' models, and whatever `extra` maps (path -> string, Buffer or handler). */
export async function serve(extra = {}) {
  const requests = [];
  /** All that came, query, headers and body included, as it came. */
  let received = '';
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    requests.push(path);
    received += [request.method, request.url, ...request.rawHeaders, '\n'].join(' ');
    request.on('data', (data) => (received += data.toString('latin1')));
    let body = extra[path];
    if (typeof body === 'function') return body(request, response);
    if (body === undefined) {
      const relative = normalize(path.endsWith('/') ? `${path}index.html` : path);
      const [prefix, folder] = FOLDERS.find(([prefix]) => relative.startsWith(prefix)) ?? ['/', join(root, 'www')];
      body = await readFile(join(folder, relative.slice(prefix.length))).catch(() => undefined);
    }
    if (body === undefined) return response.writeHead(404).end();
    const type = TYPES[extname(path) || '.html'] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A test that fails closes nothing: what is left open must not keep the run from its end.
  server.unref().on('connection', (socket) => socket.unref());
  /** As a network that is gone, connections that are open included. */
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    requests,
    get received() {
      return received;
    },
    close: () => server.close(),
    stop,
  };
}

/**
 * Waits until `condition`, which runs in the page and may be asynchronous, is true of `argument`. Playwright's own
 * `waitForFunction` takes a promise for true.
 */
export async function until(page, condition, argument) {
  while (!(await page.evaluate(condition, argument))) await new Promise((resolve) => setTimeout(resolve, 20));
}

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** How the browser is started; a benchmark starts it so too. V8_FLAGS are for its engine, as `--no-enable-avx-vnni`. */
export const launching = {
  executablePath: process.env.CHROMIUM ?? BROWSERS.find(existsSync),
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    ...(process.env.V8_FLAGS ? [`--js-flags=${process.env.V8_FLAGS}`] : []),
  ],
};

/** A host that is this machine, and that the browser takes for no secure context. */
export const INSECURE = 'insecure.test';

/** @param {{ args?: string[] }} [options] more arguments of the browser */
export async function browser({ args = [] } = {}) {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch({ ...launching, args: [...launching.args, ...args, `--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`] });
}

/** The tiny model's files as the server's `extra`, some of them changed. */
export async function bundle(at, replaced = {}) {
  const files = {};
  for (const name of ['manifest.json', 'model.onnx', 'vocab.txt']) {
    files[`${at}${name}`] = await readFile(join(root, TINY, name));
  }
  for (const [name, change] of Object.entries(replaced)) {
    files[`${at}${name}`] = change(files[`${at}${name}`]);
  }
  return files;
}
