// Hosts as they are: what they answer with for files that they do not have. And folders and zips to be hosted.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { root } from './harness.mjs';

/**
 * The files of a folder by their relative path.
 * @param {string} path below `from`
 */
export async function folder(path, { from = join(root, 'tests'), only = /./ } = {}) {
  const entries = await readdir(join(from, path), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && only.test(entry.name));
  const base = join(from, path);
  return Object.fromEntries(
    await Promise.all(
      files.map(async (entry) => {
        const file = join(entry.parentPath ?? entry.path, entry.name);
        return [file.slice(base.length + 1), await readFile(file)];
      }),
    ),
  );
}

/** What may be asked for of a model and is not there. */
const ASKED_FOR = [
  'manifest.json', 'assets/vocab.txt', 'assets/labels.txt', 'config.json', 'tokenizer.json', 'tokenizer_config.json',
  'vocab.txt', 'model.onnx', 'onnx/model.onnx', 'onnx/model_quantized.onnx',
];

/** Answers with `answer` for whatever of a model is not among the files, in the folder and in one below it. */
const otherwise = (answer) => (at, files) => {
  const there = Object.fromEntries(Object.entries(files).map(([path, body]) => [at + path, body]));
  const paths = ASKED_FOR.flatMap((path) => [at + path, `${at}nothing/${path}`]);
  return { ...Object.fromEntries(paths.map((path) => [path, answer])), ...there };
};

const page = '<!doctype html>\n<html lang="en"><title>My application</title><script src="app.js"></script>';
const status = (code, body = '<Error/>') => (_, response) => response.writeHead(code, { 'content-type': 'application/xml' }).end(body);
const web = (type) => (_, response) => response.writeHead(200, type && { 'content-type': type }).end(page);

/** By name: the server's `extra` for a model's files at a path. */
export const HOSTS = {
  'status 404': otherwise(status(404)),
  'status 410': otherwise(status(410)),
  'status 204': otherwise((_, response) => response.writeHead(204).end()),
  'status 403': otherwise(status(403)),
  'status 401': otherwise(status(401)),
  'a web page': otherwise(web('text/html; charset=utf-8')),
  'a web page without a type': otherwise(web()),
  'a redirect to a web page': otherwise((_, response) => response.writeHead(302, { location: '/plain.html' }).end()),
};

/** A zip of files by their path. */
export function zipOf(files) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path);
    const body = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crcOf(content), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, body]);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, end, name]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end]);
}

/** CRC-32 by its definition: Node has it only from version 22. */
function crcOf(content) {
  let crc = ~0;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
