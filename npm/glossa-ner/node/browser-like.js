/** Gives a thread of Node what a browser's worker has, as far as the worker's script uses it. It comes before that. */

import { parentPort } from 'node:worker_threads';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const thread = /** @type {any} */ (globalThis);

thread.self = thread;
thread.postMessage = (/** @type {any} */ message, /** @type {any} */ transfer) => port.postMessage(message, transfer);

/** One message after the other: of each, what is a `Blob` is read before the next. */
let last = Promise.resolve();
port.on('message', (data) => {
  last = last.then(async () => thread.onmessage({ data: data.files ? { ...data, files: await read(data.files) } : data }));
});

/**
 * Files with their bytes: a thread of Node cannot read part of a `Blob` and wait for it, as a browser's worker can.
 * @param {any} files of a model, by path, or of documents
 */
async function read(files) {
  if (Array.isArray(files)) return Promise.all(files.map(async ({ name, content }) => ({ name, content: await bytesOf(content) })));
  const all = Object.entries(files).map(async ([path, content]) => [path, await bytesOf(content)]);
  return Object.fromEntries(await Promise.all(all));
}

/** @param {any} content */
const bytesOf = async (content) => (content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content);
