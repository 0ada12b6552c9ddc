// A host of files that can do what hosts do wrong: cut, stall, send less, send other bytes, a web page, a status, elsewhere.

/**
 * What goes wrong with a file's answers; without any it is sent whole, or the part that is asked for.
 * @typedef {object} Fault
 * @property {number} [times] how many answers go wrong; all, if left out
 * @property {number} [cutAt] bytes after which the connection is cut, when the page has said by `loaded` that they have come
 * @property {number} [besides] bytes of other files that the page counts with them
 * @property {number} [stallAt] bytes after which nothing comes any more
 * @property {boolean} [silent] the answer does not even begin
 * @property {number} [short] bytes that are sent as if they were all
 * @property {boolean} [wrong] the last byte sent is another
 * @property {number} [status]
 * @property {boolean} [page] a web page, with status 200
 * @property {string} [redirect] the address that the request is sent on to
 */

import { serve } from './harness.mjs';

const TYPES = { json: 'application/json', txt: 'text/plain', wasm: 'application/wasm', js: 'text/javascript' };

export class FaultyHost {
  /** @type {Record<string, Fault>} */
  #faults = {};
  #files;
  /** Whether parts are sent, and how a version is named: `etag`, `last-modified`, or neither. */
  ranges = true;
  version = 'etag';
  /** Headers of every answer, such as those that let pages of other origins read it. */
  headers = { 'cache-control': 'no-store' };
  /** @type {{ path: string, range?: string, ifRange?: string }[]} */
  asked = [];
  /** Answers that stand still. */
  stalled = [];
  /** Connections that are to be cut when so many bytes have come. */
  #cuts = [];

  /** @param {Record<string, Buffer | string>} files by path */
  constructor(files) {
    this.#files = files;
  }

  /** The files as the server's `extra`. */
  get extra() {
    return Object.fromEntries(Object.keys(this.#files).map((path) => [path, (request, response) => this.#answer(path, request, response)]));
  }

  /** Has a file's answers go wrong from now on; without a fault, none does. */
  fault(path, fault = {}) {
    this.#faults[path] = { times: Infinity, ...fault };
  }

  /** Replaces a file. */
  replace(path, content) {
    this.#files[path] = content;
  }

  content(path) {
    return Buffer.from(this.#files[path]);
  }

  /** The ranges that were asked for of a file, in this order; null for the whole. */
  rangesOf(path) {
    return this.asked.filter((asked) => asked.path === path).map(({ range }) => range ?? null);
  }

  /** Bytes that have come, as the page counts them. */
  loaded(bytes) {
    const due = this.#cuts.filter(({ at }) => bytes >= at);
    this.#cuts = this.#cuts.filter(({ at }) => bytes < at);
    for (const { cut } of due) cut();
  }

  /** Lets go what stands still. */
  goOn() {
    for (const go of this.stalled.splice(0)) go();
  }

  #answer(path, { headers: { range, 'if-range': ifRange } }, response) {
    this.asked.push({ path, range, ifRange });
    const fault = this.#faults[path]?.times > 0 ? this.#faults[path] : {};
    if (fault.times) fault.times -= 1;
    if (fault.silent) return this.stalled.push(() => this.#send(path, {}, response));
    if (fault.status) return response.writeHead(fault.status).end('<Error/>');
    if (fault.page) return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>My site');
    if (fault.redirect) return response.writeHead(302, { ...this.headers, location: fault.redirect }).end();
    return this.#send(path, { range, ifRange, fault }, response);
  }

  #send(path, { range, ifRange, fault = {} }, response) {
    let body = this.content(path);
    const versions = { etag: `"${body.length}-${body.subarray(-4).toString('hex')}"`, 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT' };
    const [, from] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
    const part = this.ranges && from && (!ifRange || ifRange === versions[this.version]);
    const headers = { 'content-type': TYPES[path.split('.').at(-1)] ?? 'application/octet-stream', ...this.headers };
    if (versions[this.version]) headers[this.version] = versions[this.version];
    if (part) {
      headers['content-range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
      body = body.subarray(Number(from));
    }
    if (fault.short !== undefined) body = body.subarray(0, fault.short);
    if (fault.wrong) body = Buffer.concat([body.subarray(0, -1), Buffer.from([body.at(-1) ^ 1])]);
    response.writeHead(part ? 206 : 200, { ...headers, 'content-length': body.length });
    const until = fault.cutAt ?? fault.stallAt;
    if (until === undefined || until >= body.length) return response.end(body);
    // What a browser has not read when a connection is cut is lost.
    if (fault.cutAt === undefined) this.stalled.push(() => response.end(body.subarray(until)));
    else this.#cuts.push({ at: (part ? Number(from) : 0) + until + (fault.besides ?? 0), cut: () => response.destroy() });
    response.write(body.subarray(0, until));
  }
}

/**
 * A host of these files, and a page that is not ours in a browser that has nothing yet; both end with the test. The page is
 * still to be opened, at `plain.html`.
 */
export async function hostAndPage(t, chromium, files, more = {}) {
  const host = new FaultyHost(files);
  const server = await serve({ '/plain.html': '<!doctype html><title>plain</title>', ...host.extra, ...more });
  const context = await chromium.newContext({ serviceWorkers: 'block' });
  t.after(async () => {
    await context.close();
    await server.stop();
  });
  return { host, server, page: await context.newPage() };
}
