// Versions of the page on a server: each says its number in HTML and in every script, and its files may be held back.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageFiles } from '../../scripts/page-files.mjs';
import { root, serve } from './harness.mjs';

const LISTING = 'pkg/page-files.json';
const ENGINE = 'pkg/relaxed-simd/';
const HTML = 'index.html';

const onDisk = new Map();
function read(path) {
  if (!onDisk.has(path)) onDisk.set(path, readFileSync(join(root, 'www', path)));
  return onDisk.get(path);
}

/**
 * The files of a version by path, as far as they are not those of www/.
 * @param {number} number
 * @param {{ engine?: boolean }} [options] `engine`: whether it has another binary, too
 */
export function version(number, { engine = false } = {}) {
  const said = `postMessage({ id: 0, type: 'version', version: ${number} });`;
  const files = {
    [HTML]: String(read(HTML)).replace('<body', `<body data-html="${number}"`),
    'page/style.css': `${read('page/style.css')}\nbody { --css: ${number}; }\n`,
    'pkg/app.js': `${read('pkg/app.js')}\ndocument.body.dataset.script = ${number};`,
    'pkg/worker/worker.js': `${read('pkg/worker/worker.js')}\n${said}`,
    [`${ENGINE}glossa.js`]: `${read(`${ENGINE}glossa.js`)}\n${said}`,
    [`${ENGINE}glossa_bg.wasm`]: read(`${ENGINE}glossa_bg.wasm`),
  };
  if (engine) {
    // An empty section of its own name, which engines pass over.
    const section = Buffer.from([0, 2, 1, number]);
    const binary = Buffer.concat([files[`${ENGINE}glossa_bg.wasm`], section]);
    const hash = createHash('sha256').update(binary).digest('hex');
    files[`${ENGINE}glossa_bg.wasm`] = binary;
    files[`${ENGINE}glossa.js`] = files[`${ENGINE}glossa.js`].replace(/(sha256 = ')[0-9a-f]{64}/, `$1${hash}`);
  }
  const listing = pageFiles((path) => files[path] ?? read(path));
  return { ...files, [LISTING]: JSON.stringify(listing), number: listing.version };
}

/** A server that has one version after the other. */
export async function deployments() {
  let deployed = {};
  const held = new Map();
  const answer = async (path, response) => {
    await held.get(path);
    const type = { html: 'text/html', css: 'text/css', js: 'text/javascript', json: 'application/json', wasm: 'application/wasm' };
    const headers = { 'content-type': type[path.split('.').at(-1)], 'cache-control': 'no-cache' };
    response.writeHead(200, headers).end(deployed[path]);
  };
  const paths = [HTML, LISTING, 'page/style.css', 'pkg/app.js', 'pkg/worker/worker.js', `${ENGINE}glossa.js`, `${ENGINE}glossa_bg.wasm`];
  const extra = Object.fromEntries(paths.map((path) => [`/${path}`, (_, response) => answer(path, response)]));
  const server = await serve({ ...extra, '/': (_, response) => answer(HTML, response) });
  return {
    ...server,
    /** Replaces files, from now on. */
    deploy: (files) => (deployed = { ...deployed, ...files }),
    /** Has a file come only when the function that is returned is called. */
    hold(path) {
      let release;
      const promise = new Promise((resolve) => (release = resolve));
      held.set(path, promise);
      return () => {
        held.delete(path);
        release();
      };
    },
  };
}
