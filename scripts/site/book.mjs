// The book of docs/: its chapters are copied beside each other, whichever folder of the repository they lie in, with their links
// written anew, and mdBook makes pages of them.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { build } from 'esbuild';
import { allowedLicences, licenceFiles, licenceProblems } from '../supply/licences.mjs';
import { ROOT, changeLinks, leadsOut, links, pages, readPage, resolved } from './markdown.mjs';

const SUMMARY = 'docs/SUMMARY.md';
const here = (/** @type {string} */ name) => join(ROOT, 'scripts/site', name);

/** Where the site has what chapters link to and what is no chapter, as seen from the book. */
export const ELSEWHERE = {
  'docs/SUMMARY.md': 'toc.html',
  'src/lib.rs': '../api/rust/glossa_ner/index.html',
  'www/glossa/index.js': '../api/js/index.html',
  'www/index.html': '../index.html',
};

/** The chapter's file in the book. @param {string} path of the repository */
function placeOf(path) {
  if (path === 'README.md') return 'index.md';
  if (path.startsWith('docs/')) return path.slice('docs/'.length);
  return `${path.replace(/\/README\.md$/, '.md').replaceAll('/', '-').replace(/\.md$/, '').toLowerCase()}.md`;
}

/**
 * The chapters, by their paths in the repository, and their places in the book.
 * @returns {Map<string, string>}
 */
export function chapters() {
  const paths = links(readPage(SUMMARY)).map((target) => resolved(SUMMARY, target).path);
  return new Map(paths.map((path) => [path, placeOf(path)]));
}

/**
 * A link of a page of the repository as the book has it.
 * @param {string} page the path of the page that has it
 * @param {string} target
 * @param {Map<string, string>} placed chapters
 * @param {(path: string) => string} keep takes a file into the book, and says under which name
 * @param {string} [from] where the link will stand, below the book's folder
 */
export function linkInBook(page, target, placed, keep, from = posix.dirname(placed.get(page) ?? '')) {
  if (leadsOut(target) || target.startsWith('#')) return target;
  const { path, anchor } = resolved(page, target);
  const place = placed.get(path) ?? ELSEWHERE[path] ?? keep(path);
  return posix.relative(from, place) + (anchor === undefined ? '' : `#${anchor}`);
}

/** Where the book has a file that is no chapter. A host says by the end of a name what a file is. @param {string} path */
export const keptAs = (path) => `files/${posix.basename(path)}${/\.\w+$/.test(path) ? '' : '.txt'}`;

/**
 * Makes the book in the folder `out`.
 * @param {string} out
 * @param {string} work a folder for what it is made of
 * @param {string} mdbook the program
 */
export async function makeBook(out, work, mdbook) {
  const placed = chapters();
  const source = join(work, 'src');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'theme/fonts'), { recursive: true });
  const write = (/** @type {string} */ place, /** @type {string} */ text) => {
    mkdirSync(dirname(join(source, place)), { recursive: true });
    writeFileSync(join(source, place), text);
  };
  const keep = (/** @type {string} */ path) => {
    if (path.endsWith('.md') || !existsSync(join(ROOT, path))) throw new Error(`${path} is linked to, and is no chapter of ${SUMMARY}`);
    mkdirSync(join(source, 'files'), { recursive: true });
    cpSync(join(ROOT, path), join(source, keptAs(path)));
    return keptAs(path);
  };
  // Links by Rust's names are rustdoc's: here they would be brackets.
  const withoutNames = (/** @type {string} */ text) => text.replaceAll(/\[(`[\w:]+`)\](?![([:])/g, '$1');
  for (const [path, place] of placed) write(place, changeLinks(withoutNames(readPage(path)), (target) => linkInBook(path, target, placed, keep)));
  write('SUMMARY.md', changeLinks(readPage(SUMMARY), (target) => linkInBook(SUMMARY, target, placed, keep, '')));
  cpSync(join(ROOT, 'docs/book.toml'), join(work, 'book.toml'));
  for (const name of ['site.css', 'diagrams-here.js']) cpSync(here(name), join(work, name));
  cpSync(here('header.hbs'), join(work, 'theme/header.hbs'));
  // With a style sheet of fonts of the book's own, mdBook leaves out a megabyte of them.
  writeFileSync(join(work, 'theme/fonts/fonts.css'), '/* The fonts are those that a reader has. */\n');
  execFileSync(mdbook, ['build', work, '--dest-dir', out], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (pages().some((path) => placed.has(path) && /^```mermaid$/m.test(readPage(path)))) await diagrams(join(out, 'diagrams'));
}

/** Layouts of the Eclipse Layout Kernel are not among those that we draw; its licence is none that we may ship. */
const withoutElk = {
  name: 'without-elk',
  setup: (/** @type {import('esbuild').PluginBuild} */ { onLoad }) => onLoad({ filter: /\/node_modules\/elkjs\// }, () => ({ contents: 'export default undefined;' })),
};

/** What draws diagrams is large, and loaded by the pages that have one, in parts. @param {string} outdir */
async function diagrams(outdir) {
  const options = { bundle: true, splitting: true, minify: true, legalComments: 'none', metafile: true, absWorkingDir: ROOT, plugins: [withoutElk] };
  const made = await build({ ...options, format: 'esm', target: 'es2022', logLevel: 'warning', entryPoints: [here('diagrams.js')], outdir });
  const paths = Object.keys(made.metafile.inputs).filter((path) => !path.includes('/elkjs/'));
  const folders = paths.flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []);
  const packages = [...new Set(folders)].sort().map(licensed);
  const problems = licenceProblems(packages, allowedLicences());
  if (problems.length) throw new Error(problems.join('\n'));
  const rule = '='.repeat(100);
  const notices = packages.map(({ name, version, license, text }) => `${rule}\n${name} ${version}: ${license}\n${rule}\n\n${text}\n`);
  writeFileSync(join(outdir, 'LICENSES.txt'), notices.join('\n'));
}

/** A package with its licence and the text of that. @param {string} folder */
function licensed(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const text = licenceFiles(join(ROOT, folder)).map((file) => file.trim()).join('\n\n');
  // One of them has its licence as text alone.
  return { name, version, license: license ?? (text.startsWith('The MIT License') ? 'MIT' : null), text };
}
