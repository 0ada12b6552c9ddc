// From opening the page to the first highlight, by a browser that has been there before and was closed since; and what
// the engine costs to send.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

import { summary } from './measure.js';
import { root, serve } from './server.mjs';

/** Clicks the first example as soon as it can be clicked, and notes when the first mark is in the document. */
const OPEN_AND_CLICK = () => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('[data-testid="document"] mark')) return;
    observer.disconnect();
    requestAnimationFrame(() => (globalThis.firstHighlight = performance.now()));
  }).observe(document, { childList: true, subtree: true });
  // Module scripts, and with them the page's listeners, have run by then.
  document.addEventListener('DOMContentLoaded', () => document.querySelector('[data-testid="example"]').click());
};

async function open(launch, profile, address) {
  const context = await launch(profile);
  const page = await context.newPage();
  await page.addInitScript(OPEN_AND_CLICK);
  await page.goto(address);
  await page.waitForFunction(() => globalThis.firstHighlight, null, { timeout: 120_000 });
  const took = await page.evaluate(() => globalThis.firstHighlight);
  // The browser writes compiled code to its cache a while after it was made.
  await page.waitForTimeout(3000);
  await context.close();
  return took;
}

/** @param {{ launch: (profile: string) => Promise<import('playwright-core').BrowserContext> }} options */
export async function opening({ rounds, launch, tell }) {
  const profile = mkdtempSync(join(tmpdir(), 'glossa-bench-'));
  // Long-lived, as a static host's settings for such files are.
  const headers = { 'cache-control': 'max-age=86400' };
  const server = await serve({ folders: [['/', join(root, 'www')]], headers });
  try {
    const first = await open(launch, profile, server.address);
    const fetched = server.requests.filter((path) => path.endsWith('.wasm'));
    await open(launch, profile, server.address);
    const times = [];
    for (let round = 0; round < rounds; round++) {
      tell(`round ${round + 1} of ${rounds}`);
      times.push(await open(launch, profile, server.address));
    }
    return { first, times: { 'cold open to first highlight': summary(times) }, fetched };
  } finally {
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const brotli = (file) => {
  const bytes = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params }).length;
};

/** Bytes of each binary as `brotli -q 11` packs it, and of the peer's. */
export function sizes({ tell }) {
  const sizes = {};
  for (const name of readdirSync(join(root, 'www/pkg'))) {
    tell(name);
    sizes[name] = brotli(join(root, 'www/pkg', name, 'glossa_bg.wasm'));
  }
  tell('onnxruntime-web');
  const peer = brotli(join(root, 'bench/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'));
  return { sizes, peer };
}
