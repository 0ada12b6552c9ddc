// A static server for the benchmark page. Its headers make the page cross-origin isolated, which threads and memory
// measurements need. Standalone: `node bench/server.mjs [PORT]`, then open the printed address.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..');
export const models = join(root, 'target', 'bench', 'models');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Maps URL prefixes to folders; the first match is used. */
const FOLDERS = [
  ['/www/', join(root, 'www')],
  ['/models/', models],
  ['/node_modules/', join(here, 'node_modules')],
  ['/', here],
];

/**
 * @param {{ port?: number, folders?: [string, string][], headers?: Record<string, string>, texts?: string[] }} options
 *   `texts` are those of the folder given by `--data`
 */
export async function serve({ port = 0, folders = FOLDERS, headers = {}, texts = [] } = {}) {
  const requests = [];
  const always = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cache-control': 'no-cache',
    ...headers,
  };
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    requests.push(path);
    if (path === '/texts.json') {
      response.writeHead(200, { ...always, 'content-type': TYPES['.json'] }).end(JSON.stringify(texts));
      return;
    }
    const [prefix, folder] = folders.find(([prefix]) => path.startsWith(prefix)) ?? [];
    const file = folder && join(folder, path.slice(prefix.length), path.endsWith('/') ? 'index.html' : '');
    const found = file && (await stat(file).catch(() => undefined));
    if (!found?.isFile()) return response.writeHead(404, always).end();
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const tag = `"${found.size}-${Math.floor(found.mtimeMs)}"`;
    if (request.headers['if-none-match'] === tag) return response.writeHead(304, { ...always, etag: tag }).end();
    response.writeHead(200, { ...always, etag: tag, 'content-type': type, 'content-length': found.size });
    if (request.method === 'HEAD') return response.end();
    createReadStream(file).on('error', () => response.destroy()).pipe(response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `http://localhost:${server.address().port}/`, requests, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address } = await serve({ port: Number(process.argv[2] ?? 8001) });
  console.log(`The benchmark's page is on ${address}`);
}
