// A static server over www/ with extra files of the test's own, and a headless Chromium.
import { createServer } from 'node:http';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const screenshots = join(root, 'target', 'screenshots');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Serves www/, tests/golden/ under /golden/, and whatever `extra` maps (path -> string, Buffer or handler). */
export async function serve(extra = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    requests.push(path);
    let body = extra[path];
    if (typeof body === 'function') return body(request, response);
    if (body === undefined) {
      const relative = normalize(path.endsWith('/') ? `${path}index.html` : path);
      const file = relative.startsWith('/golden/') ? join(root, 'tests', relative) : join(root, 'www', relative);
      body = await readFile(file).catch(() => undefined);
    }
    if (body === undefined) return response.writeHead(404).end();
    const type = TYPES[extname(path) || '.html'] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  /** As a network that is gone, connections that are open included. */
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address: `http://127.0.0.1:${server.address().port}/`, requests, close: () => server.close(), stop };
}

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** How the browser is started; a benchmark starts it so too. */
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
  ],
};

export async function browser() {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch(launching);
}

/** A bundle's files as the server's `extra`, some of them replaced. */
export async function bundle(at, model, replaced = {}) {
  const files = {};
  for (const name of ['manifest.json', 'model.onnx', 'vocab.txt']) {
    files[`${at}${name}`] = await readFile(join(root, 'www', 'models', model, name));
  }
  for (const [name, change] of Object.entries(replaced)) {
    files[`${at}${name}`] = change(files[`${at}${name}`]);
  }
  return files;
}
