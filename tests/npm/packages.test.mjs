// The npm packages as one installs them: in what is built by each bundler, without one, in Node.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { blocksOf } from '../../scripts/site/markdown.mjs';
import { browser } from '../browser/harness.mjs';
import { serve } from './serve.mjs';
import { archives, prepare, root, run, workspace } from './workspace.mjs';

const LONG = 300_000;
const FOUND = ['protein: Tax', 'protein: CREB/ATF family', 'cell_type: human T cells'];
const installed = (...path) => join(workspace, 'node_modules', ...path);
/** @type {import('playwright-core').Browser} */
let chromium;

before(async () => {
  prepare();
  chromium = await browser();
}, { timeout: LONG });

after(() => chromium?.close());

/** What a page finds in its text, with no complaint. */
async function foundOn(address) {
  const page = await chromium.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  const start = performance.now();
  await page.goto(address);
  await page.waitForFunction((count) => document.querySelectorAll('li').length >= count, FOUND.length).catch((error) => {
    throw new Error(`${error.message}\n${complaints.join('\n')}`);
  });
  console.log(`# ${new URL(address).pathname} of port ${new URL(address).port}: entities after ${Math.round(performance.now() - start)} ms`);
  const found = await page.locator('li').allTextContents();
  await page.close();
  return { found, complaints };
}

/** Finds what is to be found in a folder that is served, at its root and below a path. */
async function worksFrom(folder, options) {
  for (const below of ['/', '/some/where/']) {
    const server = await serve(folder, { below, ...options });
    assert.deepEqual(await foundOn(server.address), { found: FOUND, complaints: [] }, below);
    server.close();
  }
}

for (const [name, folder] of [['vite', 'dist'], ['webpack', '.'], ['rollup', '.'], ['esbuild', '.']]) {
  test(`built by ${name}`, { timeout: LONG }, async () => {
    run('npm', ['run', 'build'], join(workspace, name));
    await worksFrom(join(workspace, name, folder));
  });
}

test('built by Next, as a client component', { timeout: LONG }, async () => {
  run('next', ['build'], join(workspace, 'next'));
  const server = await serve(join(workspace, 'next/out'));
  assert.deepEqual(await foundOn(server.address), { found: FOUND, complaints: [] });
  server.close();
});

test('built by Next for a path below the root', { timeout: LONG }, async () => {
  const below = '/some/where';
  const own = join(workspace, 'next-below');
  rmSync(own, { recursive: true, force: true });
  cpSync(join(workspace, 'next'), own, { recursive: true, filter: (path) => !/[\\/](\.next|out)$/.test(path) });
  writeFileSync(join(own, 'next.config.mjs'), `export default { output: 'export', basePath: '${below}' };\n`);
  run('next', ['build'], own);
  const server = await serve(join(own, 'out'), { below: `${below}/` });
  assert.deepEqual(await foundOn(server.address), { found: FOUND, complaints: [] });
  server.close();
});

/** What a page finds that Vite's development server serves from a folder. */
async function developedIn(folder) {
  rmSync(join(folder, 'node_modules/.vite'), { recursive: true, force: true });
  const port = 5000 + (process.pid % 1000);
  const vite = spawn(installed('.bin', 'vite'), ['--port', String(port), '--strictPort', '--host', '127.0.0.1'], { cwd: folder });
  try {
    await new Promise((resolve, reject) => {
      vite.stdout.on('data', (data) => String(data).includes('ready in') && resolve(undefined));
      vite.once('exit', reject);
    });
    return (await foundOn(`http://127.0.0.1:${port}/`)).found;
  } finally {
    vite.kill();
  }
}

test("served by Vite's development server", { timeout: LONG }, async () => {
  assert.deepEqual(await developedIn(join(workspace, 'vite')), FOUND);
});

test("served by Vite's development server, the packages above the project's folder, as in a repository of many", { timeout: LONG }, async () => {
  const own = join(workspace, 'projects/vite');
  rmSync(own, { recursive: true, force: true });
  cpSync(join(root, 'examples/vite'), own, { recursive: true });
  const [exclude] = readFileSync(join(root, 'npm/glossa-ner/README.md'), 'utf8').match(/optimizeDeps: .*? \}/) ?? [];
  writeFileSync(join(own, 'vite.config.js'), `export default { ${exclude} };\n`);
  // By this file, or by `workspaces` in a package.json, Vite knows how far up it may serve files.
  writeFileSync(join(workspace, 'pnpm-workspace.yaml'), 'packages: [projects/*]\n');
  assert.deepEqual(await developedIn(own), FOUND);
});

/** The example without a bundler, with the packages' folders beside it. */
function staticFolder(...others) {
  const folder = join(workspace, 'static');
  for (const name of ['glossa-ner', 'glossa-ner-cellular']) cpSync(installed(name), join(folder, name), { recursive: true });
  return [folder, ...others];
}

test('without a bundler, from a static folder', { timeout: LONG }, async () => {
  await worksFrom(...staticFolder());
});

test('under a content security policy of scripts and workers of the page alone', { timeout: LONG }, async () => {
  const [folder] = staticFolder();
  const strict = join(workspace, 'strict');
  cpSync(folder, strict, { recursive: true });
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const [, script] = html.match(/<script type="module">(.*)<\/script>/s);
  writeFileSync(join(strict, 'main.js'), script);
  writeFileSync(join(strict, 'index.html'), html.replace(/<script.*<\/script>/s, '<script type="module" src="main.js"></script>'));
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
  await worksFrom(strict, { headers: { 'content-security-policy': policy } });
});

test('a page whose packages lie on another origin', { timeout: LONG }, async () => {
  const [folder] = staticFolder();
  const cdn = await serve(folder, { headers: { 'access-control-allow-origin': '*' } });
  const own = join(workspace, 'elsewhere');
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  writeFileSync(join(own, 'index.html'), html.replaceAll("'./glossa-ner", `'${cdn.address}glossa-ner`));
  await worksFrom(own);
  cdn.close();
});

test('the element, from a static folder', { timeout: LONG }, async () => {
  const [folder] = staticFolder();
  const own = join(workspace, 'element');
  cpSync(folder, own, { recursive: true });
  cpSync(join(root, 'examples/element'), own, { recursive: true });
  const server = await serve(own, { below: '/some/where/' });
  const page = await chromium.newPage();
  await page.goto(server.address);
  await page.waitForFunction(() => document.querySelectorAll('mark').length === 6);
  assert.deepEqual(await page.locator('p mark').allTextContents(), ['Tax', 'CREB/ATF family', 'human T cells']);
  await page.close();
  server.close();
});

test('in Node, where the process ends by itself', { timeout: LONG }, () => {
  const text = 'Tax binds to the CREB/ATF family in human T cells.';
  const lines = run('node', ['annotate.mjs', text], join(workspace, 'node')).trim().split('\n');
  assert.deepEqual(lines.map((line) => line.split('\t')).map(([begin, end, entity]) => `${entity}: ${text.slice(begin, end)}`), FOUND);
});

for (const [name, binary, args] of [
  ['Deno', '@deno/linux-x64-glibc/deno', ['run', '--allow-all', '--node-modules-dir=manual']],
  ['Bun', '@oven/bun-linux-x64/bin/bun', []],
]) {
  // There is none for each processor.
  const skip = process.arch === 'x64' && process.platform === 'linux' ? false : 'not for this machine';
  test(`in ${name}`, { timeout: LONG, skip }, () => {
    const text = 'Tax binds to the CREB/ATF family in human T cells.';
    const lines = run(installed(binary), [...args, 'annotate.mjs', text], join(workspace, 'node')).trim().split('\n');
    assert.deepEqual(lines.map((line) => line.split('\t')).map(([begin, end, entity]) => `${entity}: ${text.slice(begin, end)}`), FOUND);
  });
}

for (const [path, shown] of Object.entries({
  'npm/glossa-ner/README.md': blocksOf('npm/glossa-ner/README.md', 'js'),
  'docs/guide.md': blocksOf('docs/guide.md', 'js'),
  'docs/coming-from/transformers-js.md': blocksOf('docs/coming-from/transformers-js.md', 'js'),
  'docs/coming-from/spacy.md': blocksOf('docs/coming-from/spacy.md', 'js'),
})) {
  test(`what ${path} shows runs`, { timeout: LONG }, () => {
    for (const code of shown) {
      const script = join(workspace, 'node', 'shown.mjs');
      writeFileSync(script, code);
      assert.match(run('node', [script], join(workspace, 'node')), /Tax|protein/);
    }
  });
}

test('what the READMEs of the models show runs', { timeout: LONG }, () => {
  for (const name of ['glossa-ner-cellular', 'glossa-ner-biomedical', 'glossa-ner-clinical-trials']) {
    for (const code of blocksOf('npm/model/README.md', 'js')) {
      const filled = code.replaceAll('{package}', name);
      assert.ok(readFileSync(installed(name, 'README.md'), 'utf8').includes(filled));
      // Of what is installed there, it finds every model; the folders of the examples have one.
      const script = join(workspace, 'shown.mjs');
      writeFileSync(script, `${filled}console.log(annotator.info.name, annotator.info.labels.length > 2);\nannotator.dispose();\n`);
      assert.match(run('node', [script]), /true$/m);
    }
  }
});

for (const [path, shown] of Object.entries({
  'npm/glossa-ner/README.md': blocksOf('npm/glossa-ner/README.md', 'html'),
  'docs/guide.md': blocksOf('docs/guide.md', 'html'),
})) {
  test(`the element that ${path} shows marks its text`, { timeout: LONG }, async () => {
    const [folder] = staticFolder();
    for (const html of shown) {
      writeFileSync(join(folder, 'shown.html'), `<!doctype html><meta charset="utf-8"><title>shown</title>${html}`);
      const server = await serve(folder);
      const page = await chromium.newPage();
      await page.goto(`${server.address}shown.html`);
      await page.waitForFunction(() => document.querySelectorAll('mark').length === 3);
      assert.deepEqual(await page.locator('mark').allTextContents(), ['Tax', 'CREB/ATF family', 'human T cells']);
      await page.close();
      server.close();
    }
  });
}

test('Node: files, errors, documents, and a call of create that does not keep the process alive', { timeout: LONG }, () => {
  const script = join(workspace, 'node', 'more.mjs');
  writeFileSync(script, `
    import assert from 'node:assert/strict';
    import { readFileSync } from 'node:fs';
    import { Annotator, GlossaError, configure, formats, readDocuments, writeDocuments } from 'glossa-ner';
    const folder = new URL(import.meta.resolve('glossa-ner-cellular/manifest.json'));
    const byFolder = await Annotator.create({ model: new URL('.', folder) });
    assert.equal((await byFolder.annotate('IL-2 gene expression')).chunks[0].text, 'IL-2 gene');
    const files = Object.fromEntries(['manifest.json', 'model.onnx', 'vocab.txt'].map((path) => [path, new Blob([readFileSync(new URL(path, folder))])]));
    const byFiles = await Annotator.create({ files });
    const texts = Array(40).fill('IL-2 gene expression requires NF-kappa B.');
    let done = 0;
    for await (const { annotation } of byFiles.annotateAll(texts)) done += annotation.chunks.length;
    assert.equal(done, 80);
    const controller = new AbortController();
    const stopped = byFiles.annotate('IL-2. '.repeat(20_000), { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(stopped, ({ code }) => code === 'cancelled');
    await assert.rejects(Annotator.create({ model: './nowhere/' }), (error) => error instanceof GlossaError && error.code === 'model_unrecognised');
    assert.throws(() => configure({ workerUrl: 'https://[' }), ({ code }) => code === 'option_invalid');
    const { bytes } = await writeDocuments([{ id: '1', text: 'IL-2', mentions: [{ spans: [{ begin: 0, end: 4 }], text: 'IL-2', entity: 'protein' }] }], 'pubtator');
    const read = [];
    for await (const record of readDocuments([{ name: 'a.pubtator', content: bytes }])) read.push(record.document.mentions[0].entity);
    assert.deepEqual(read, ['protein']);
    assert.ok((await formats()).length > 15);
    byFolder.dispose();
    await byFiles[Symbol.asyncDispose]?.();
    console.log('done');
    // This one is left as it is.
    await Annotator.create({ model: new URL('.', folder) });
  `);
  assert.match(run('node', [script], join(workspace, 'node')), /^done$/m);
});

test('the packages are published as they are to be', { timeout: LONG }, () => {
  for (const archive of archives) {
    const said = run('publint', ['run', archive, '--strict']);
    assert.match(said, /All good!/, said);
    // The packages are modules of JavaScript alone.
    run('attw', [archive, '--profile', 'esm-only', '--exclude-entrypoints', 'worker']);
  }
});

test('sizes: engine and code, compressed as hosts do, and each model', () => {
  const compressed = (path) => brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
  // All that a page loads: the module, what it imports, the worker and one binary.
  const paths = new Set(['index.js']);
  for (const path of paths) {
    const imports = readFileSync(installed('glossa-ner/dist', path), 'utf8').matchAll(/(?:from|import)\s*"\.\/(shared-[^"]+)"/g);
    for (const [, imported] of imports) paths.add(imported);
  }
  assert.ok(paths.size > 1);
  const code = [...paths, 'worker/worker.js', 'worker/relaxed-simd/glossa_bg.wasm'].map((path) => compressed(installed('glossa-ner/dist', path)));
  const sum = code.reduce((all, one) => all + one);
  assert.ok(sum <= 2_300_000, `${sum}: ${code}`);
  for (const name of ['glossa-ner-cellular', 'glossa-ner-biomedical', 'glossa-ner-clinical-trials']) {
    const bytes = ['model.onnx', 'vocab.txt', 'index.js'].reduce((all, path) => all + statSync(installed(name, path)).size, 0);
    assert.ok(bytes <= 24_000_000, `${name}: ${bytes}`);
  }
});

test('types: options, results and errors are typed', { timeout: LONG }, () => {
  const folder = join(workspace, 'types');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'tests/npm/types'), folder, { recursive: true });
  run('tsc', ['-p', folder]);
});

test('the engine on a thread of the caller: in a page, and in Node', { timeout: LONG }, async () => {
  const [folder] = staticFolder();
  const own = join(workspace, 'core');
  cpSync(folder, own, { recursive: true });
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  writeFileSync(join(own, 'index.html'), html.replace('glossa-ner/dist/index.js', 'glossa-ner/dist/core.js'));
  const server = await serve(own);
  assert.deepEqual(await foundOn(server.address), { found: FOUND, complaints: [] });
  assert.deepEqual(server.requests.filter((path) => path.endsWith('worker.js')), []);
  server.close();
  const script = join(workspace, 'node', 'core.mjs');
  writeFileSync(script, `
    import assert from 'node:assert/strict';
    import { Annotator } from 'glossa-ner/core';
    import model from 'glossa-ner-cellular';
    const annotator = await Annotator.create({ model, pipeline: { glossaPipeline: 1, annotate: { threshold: 0.99 } } });
    const text = 'IL-2 gene expression requires NF-kappa B. '.repeat(60);
    const all = await annotator.annotate(text, { threshold: 0 });
    for (const { begin, end, text: words } of all.chunks) assert.equal(text.slice(begin, end), words);
    assert.ok(all.chunks.length > (await annotator.annotate(text)).chunks.length, 'options of the pipeline hold unless the call has others');
    await annotator.annotate(text, { reuseWindows: true });
    assert.equal((await annotator.annotate(text, { reuseWindows: true })).windowsRun, 0);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 60);
    await assert.rejects(annotator.annotate(text.repeat(20), { signal: controller.signal }), ({ code }) => code === 'cancelled');
    await assert.rejects(annotator.annotate('IL-2', { mode: 'sentence' }), ({ code }) => code === 'option_invalid');
    await assert.rejects(Annotator.create({ model, wasmUrl: 'https://[' }), ({ code }) => code === 'option_invalid');
    const early = new AbortController();
    const stages = [];
    const onProgress = ({ stage }) => stages.push(stage) && stage === 'download' && early.abort();
    await assert.rejects(Annotator.create({ model, signal: early.signal, onProgress }), ({ code }) => code === 'cancelled');
    assert.deepEqual(stages, ['engine', 'download']);
    assert.equal((await annotator.annotate('IL-2 gene')).windows, 1);
    annotator.dispose();
    await assert.rejects(annotator.annotate('IL-2'), ({ code }) => code === 'disposed');
    console.log('done');
  `);
  assert.match(run('node', [script], join(workspace, 'node')), /^done$/m);
});
