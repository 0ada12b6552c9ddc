// Measures a cold open: from opening the page to the first highlight, in a restarted browser with a warm disk cache. Also the
// compressed size of the engine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

import { summary } from './measure.js';
import { root, serve } from './server.mjs';

/** Injected into the page: clicks the first example as soon as possible, and requests `took/MS` at the first highlight. */
const CLICK_AND_TELL = () => {
  // Taken before the page's own scripts run. The page's policy allows requests to its own host, and no images from there.
  const ask = globalThis.fetch;
  new MutationObserver((_, observer) => {
    if (!document.querySelector('[data-testid="document"] mark')) return;
    observer.disconnect();
    requestAnimationFrame(() => ask(`took/${performance.now()}`));
  }).observe(document, { childList: true, subtree: true });
  // By then the module scripts have run, and with them the page's listeners.
  document.addEventListener('DOMContentLoaded', () => document.querySelector('[data-testid="example"]').click());
};

/** A copy of `www/` with that script in the page. */
function folderToOpen() {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-bench-'));
  const www = join(root, 'www');
  for (const name of readdirSync(www)) if (name !== 'index.html') symlinkSync(join(www, name), join(folder, name));
  const page = readFileSync(join(www, 'index.html'), 'utf8');
  writeFileSync(join(folder, 'index.html'), page.replace('<head>', '<head><script src="click.js"></script>'));
  writeFileSync(join(folder, 'click.js'), `(${CLICK_AND_TELL})();\n`);
  return folder;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Opens the page in a browser without a driver: a driver pauses each new page and worker, which would add a tenth of the time
 * measured here.
 */
async function open({ executablePath, args }, profile, server) {
  const before = server.requests.length;
  const browser = spawn(executablePath, [...args, `--user-data-dir=${profile}`, server.address], { stdio: 'ignore' });
  const ended = once(browser, 'exit');
  try {
    for (const until = Date.now() + 120_000; Date.now() < until; await wait(50)) {
      const told = server.requests.slice(before).find((path) => path.startsWith('/took/'));
      if (!told) continue;
      // The browser writes compiled code to its cache with a delay.
      await wait(3000);
      return Number(told.slice('/took/'.length));
    }
    throw new Error('the page has shown no highlight in two minutes');
  } finally {
    browser.kill();
    await ended;
  }
}

/** @param {{ rounds: number, browser: { executablePath: string, args: string[] }, tell: (what: string) => void }} options */
export async function opening({ rounds, browser, tell }) {
  const profile = mkdtempSync(join(tmpdir(), 'glossa-bench-'));
  const folder = folderToOpen();
  // A long cache lifetime, as static hosts set for such files.
  const headers = { 'cache-control': 'max-age=86400' };
  const server = await serve({ folders: [['/', folder]], headers });
  try {
    const first = await open(browser, profile, server);
    const fetched = server.requests.filter((path) => path.endsWith('.wasm'));
    await open(browser, profile, server);
    const times = [];
    for (let round = 0; round < rounds; round++) {
      tell(`round ${round + 1} of ${rounds}`);
      times.push(await open(browser, profile, server));
    }
    return { first, times: { 'cold open to first highlight': summary(times) }, fetched };
  } finally {
    server.close();
    for (const made of [profile, folder]) rmSync(made, { recursive: true, force: true });
  }
}

/** Size of a file after `brotli -q 11`, in bytes. */
export const brotli = (file) => {
  const bytes = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params }).length;
};

/** Compressed sizes of our binaries and of the peer's, in bytes. */
export function sizes({ tell }) {
  const sizes = {};
  for (const name of ['relaxed-simd', 'simd']) {
    tell(name);
    sizes[name] = brotli(join(root, 'www/pkg', name, 'glossa_bg.wasm'));
  }
  tell('onnxruntime-web');
  const peer = brotli(join(root, 'bench/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'));
  return { sizes, peer };
}
