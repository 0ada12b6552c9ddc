// Writes FOLDER/pkg/page-files.json: the files that make a version of the page, with their SHA-256. By it the service worker
// knows when a version is complete. `node scripts/page-files.mjs FOLDER`, when everything else in it has been built.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Scripts that the page asks for when it runs; those of its HTML and style sheets are found in them. */
const ASKED_FOR = ['pkg/worker/worker.js'];
const ENGINES = ['relaxed-simd', 'simd'];

/**
 * @param {(path: string) => string | Buffer} read a file of the page's folder
 */
export function pageFiles(read) {
  const hash = (path) => createHash('sha256').update(read(path)).digest('hex');
  const listed = (path) => ({ path, sha256: hash(path) });
  const paths = new Set([...referredTo('index.html', String(read('index.html'))), ...ASKED_FOR]);
  // A set goes on to what is added meanwhile.
  for (const path of paths) {
    if (path.endsWith('.css')) for (const found of referredTo(path, String(read(path)))) paths.add(found);
  }
  const page = { path: './', sha256: hash('index.html') };
  const files = [page, ...[...paths].sort().map(listed)];
  const engine = (name) => ({ script: listed(`pkg/${name}/glossa.js`), binary: listed(`pkg/${name}/glossa_bg.wasm`) });
  const engines = Object.fromEntries(ENGINES.map((name) => [name, engine(name)]));
  const version = createHash('sha256').update(JSON.stringify([files, engines])).digest('hex');
  return { version, files, engines };
}

/** The files of the page's own folder that an HTML file or a style sheet refers to. */
function referredTo(path, text) {
  const html = /<(?:link|script|img|source)\b[^>]*?\b(?:href|src)="([^"]+)"/g;
  const css = /url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']/g;
  const base = new URL(path, 'page://folder/');
  const found = [...text.matchAll(path.endsWith('.css') ? css : html)].map(([, one, other]) => new URL(one ?? other, base));
  return found.filter(({ href }) => href.startsWith('page://folder/')).map(({ pathname }) => decodeURIComponent(pathname.slice(1)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder] = process.argv.slice(2);
  const files = pageFiles((path) => readFileSync(join(folder, path)));
  writeFileSync(join(folder, 'pkg', 'page-files.json'), `${JSON.stringify(files, null, 1)}\n`);
}
