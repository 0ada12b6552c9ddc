// The pages of the interfaces: typedoc's of the npm package, rustdoc's of the crate.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { chapters, keptAs, linkInBook } from './book.mjs';
import { ROOT, leadsOut, resolved } from './markdown.mjs';

/** What a program imports, and where its types are declared. */
const MODULES = { 'glossa-ner': 'index', 'glossa-ner/formats': 'formats', 'glossa-ner/core': 'core', 'glossa-ner/element': 'element-tag' };

/** @param {string} folder @returns {string[]} paths of its HTML files, below it */
export const htmlFiles = (folder) => /** @type {string[]} */ (readdirSync(folder, { recursive: true })).filter((path) => path.endsWith('.html')).sort();

/** @param {string} path @param {(text: string) => string} change */
const changeFile = (path, change) => writeFileSync(path, change(readFileSync(path, 'utf8')));

/**
 * Makes the pages of the package's modules in `out`, from target/types, which `npm run types` writes.
 * @param {string} out
 * @param {string} types a folder for the declarations as typedoc shall read them
 */
export function makeJavaScriptPages(out, types) {
  rmSync(types, { recursive: true, force: true });
  cpSync(join(ROOT, 'target/types'), types, { recursive: true });
  // An alias would have a page that says nothing but its own name.
  const alias = /^export type (\w+) = import\(('[^']+')\)\.\1;$/gm;
  for (const path of /** @type {string[]} */ (readdirSync(types, { recursive: true })).filter((name) => name.endsWith('.d.ts'))) {
    changeFile(join(types, path), (text) => text.replace(alias, 'import type { $1 } from $2;\nexport type { $1 };'));
  }
  for (const [name, file] of Object.entries(MODULES)) {
    changeFile(join(types, `${file}.d.ts`), (text) => text.replace('*/', `\n * @module ${name}\n */`));
  }
  execFileSync(join(ROOT, 'scripts/site/node_modules/.bin/typedoc'), ['--options', join(ROOT, 'scripts/site/typedoc.json'), '--out', out], { stdio: ['ignore', 'ignore', 'inherit'] });
  // typedoc writes the links of its head as they are given, whichever folder a page is in.
  for (const path of htmlFiles(out)) {
    changeFile(join(out, path), (text) => text.replaceAll('href="site:', `href="${posix.relative(posix.dirname(path), '../..')}/`));
  }
}

/**
 * Copies the pages of the crate, which cargo has made in `made`, to `out`.
 * @param {string} made
 * @param {string} out
 */
export function makeRustPages(made, out) {
  cpSync(made, out, { recursive: true });
  // It keeps cargo from writing them again, and is of no use to a reader.
  rmSync(join(out, '.lock'), { force: true });
  // The crate's front page is a page of the repository, and its links lead to others.
  const front = readFileSync(join(ROOT, 'src/lib.rs'), 'utf8').match(/^#!\[doc = include_str!\("([^"]+)"\)\]/m)?.[1];
  if (!front) throw new Error('the front page of the crate is not said in src/lib.rs');
  const page = posix.normalize(posix.join('src', front));
  const placed = chapters();
  changeFile(join(out, 'glossa_ner/index.html'), (text) =>
    text.replaceAll(/\b(href|src)="([^"]+)"/g, (whole, attribute, target) => {
      // Others are rustdoc's own.
      if (leadsOut(target) || target.startsWith('#') || !existsSync(join(ROOT, resolved(page, target).path))) return whole;
      const inBook = linkInBook(page, target, placed, keptAs, '').replace(/\.md(?=#|$)/, '.html');
      return `${attribute}="../../../docs/${inBook}"`;
    }));
  // What other crates say of their traits has links by the names of Rust, which lead somewhere in their pages only.
  for (const path of htmlFiles(out)) changeFile(join(out, path), (text) => text.replaceAll(/ href="[\w:]+::\w+"/g, ''));
  writeFileSync(join(out, 'index.html'), '<!doctype html><meta charset="utf-8"><title>glossa_ner</title><meta http-equiv="refresh" content="0; url=glossa_ner/index.html"><a href="glossa_ner/index.html">glossa_ner</a>\n');
}

