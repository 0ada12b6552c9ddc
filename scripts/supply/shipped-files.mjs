// The files of www/ as a host serves them, and their hashes.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What lies in www/ only to check and describe its scripts. */
const NOT_SERVED = /(?:^|\/)tsconfig[^/]*\.json$/;

/**
 * Paths of the files that are shipped, below the folder `www`, in order.
 * @param {string} www
 */
export function shippedFiles(www) {
  const paths = readdirSync(www, { recursive: true }).filter((path) => statSync(join(www, path)).isFile());
  return paths.map((path) => path.replaceAll('\\', '/')).filter((path) => !NOT_SERVED.test(path)).sort();
}

/** @param {string} path @param {'sha256' | 'sha384'} algorithm @param {'hex' | 'base64'} encoding */
export function hashOf(path, algorithm, encoding) {
  return createHash(algorithm).update(readFileSync(path)).digest(encoding);
}

/**
 * Subresource-integrity strings by path, for `integrity` attributes and import maps.
 * @param {string} www
 */
export function integrityOf(www) {
  return Object.fromEntries(shippedFiles(www).map((path) => [path, `sha384-${hashOf(join(www, path), 'sha384', 'base64')}`]));
}

// `node scripts/supply/shipped-files.mjs FOLDER` prints them.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of shippedFiles(process.argv[2])) console.log(`${process.argv[2]}/${path}`);
}
