// A static server, as any host is one.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * Serves a folder below a path.
 * @param {string} folder
 * @param {{ below?: string, headers?: Record<string, string> }} [options]
 * @returns {Promise<{ address: string, requests: string[], close: () => void }>}
 */
export async function serve(folder, { below = '/', headers = {} } = {}) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://localhost').pathname);
    // Browsers ask for it by themselves.
    if (path === '/favicon.ico') return response.writeHead(204).end();
    requests.push(path);
    try {
      if (!path.startsWith(below)) throw new Error('not below it');
      const file = normalize(path.slice(below.length) || 'index.html');
      const content = await readFile(join(folder, file.endsWith('/') ? `${file}index.html` : file));
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': content.length, ...headers });
      response.end(content);
    } catch {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><title>not here</title>');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  server.unref();
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { address: `http://127.0.0.1:${port}${below}`, requests, close: () => server.close() };
}
