// Makes target/site: the page, the documentation, the interfaces and the examples, in files that link to each other relatively
// and need nothing of their host. `node scripts/site/make.mjs MDBOOK`, when build.sh has built what goes into it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pageFiles } from '../page-files.mjs';
import { shippedFiles } from '../supply/shipped-files.mjs';
import { prepare, run, workspace } from '../../tests/npm/workspace.mjs';
import { makeJavaScriptPages, makeRustPages } from './api.mjs';
import { makeBook } from './book.mjs';
import { ROOT } from './markdown.mjs';

const OUT = join(ROOT, 'target/site');
const SOURCES = join(ROOT, 'target/site-sources');

/** Replaces what must stand in a text once. */
function replaceOnce(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} does not stand there once`);
  return text.replace(from, () => to);
}

/** The page as shipped, with links to the rest in its footer. */
function makePage() {
  for (const path of shippedFiles(join(ROOT, 'www'))) {
    mkdirSync(dirname(join(OUT, path)), { recursive: true });
    cpSync(join(ROOT, 'www', path), join(OUT, path));
  }
  const index = join(OUT, 'index.html');
  // The page lets itself not be left, so that no text goes with an address: they open beside it.
  const link = (/** @type {string} */ folder, /** @type {string} */ name) => `<a href="${folder}/index.html" target="_blank" rel="noopener">${name}</a>`;
  const links = `<p>${link('docs', 'Documentation')} · ${link('examples', 'Examples')}</p>`;
  writeFileSync(index, replaceOnce(readFileSync(index, 'utf8'), '\n  </footer>', `\n    ${links}\n  </footer>`));
  const files = pageFiles((path) => readFileSync(join(OUT, path)));
  writeFileSync(join(OUT, 'pkg/page-files.json'), `${JSON.stringify(files, null, 1)}\n`);
}

function makeExamples() {
  const out = join(OUT, 'examples');
  const example = (/** @type {string} */ path) => readFileSync(join(ROOT, 'examples', path), 'utf8');
  prepare();
  run('npm', ['run', 'build'], join(workspace, 'vite'));
  cpSync(join(workspace, 'vite/dist'), join(out, 'vite'), { recursive: true });
  // These share the packages that lie beside them.
  for (const name of ['glossa-ner', 'glossa-ner-cellular']) cpSync(join(workspace, 'node_modules', name), join(out, name), { recursive: true });
  for (const name of ['static', 'element']) writeFileSync(join(out, `${name}.html`), example(`${name}/index.html`));
  // The modules and models that belong beside it are those of the page.
  const beside = replaceOnce(example('page.html'), "'./glossa/", "'../glossa/");
  writeFileSync(join(out, 'page.html'), replaceOnce(beside, "'models/", "'../models/"));
  cpSync(join(ROOT, 'scripts/site/examples.html'), join(out, 'index.html'));
}

const [mdbook] = process.argv.slice(2);
rmSync(OUT, { recursive: true, force: true });
makePage();
await makeBook(join(OUT, 'docs'), join(SOURCES, 'book'), mdbook);
makeJavaScriptPages(join(OUT, 'api/js'), join(SOURCES, 'types'));
makeRustPages(join(ROOT, 'target/doc'), join(OUT, 'api/rust'));
makeExamples();
// Else GitHub's pages would leave out files whose names begin with an underscore.
writeFileSync(join(OUT, '.nojekyll'), '');
