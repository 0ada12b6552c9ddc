// Makes the npm packages, as folders and as archives, in target/npm: the engine with its JavaScript, and each model that is shipped.
// The browser's binaries (www/pkg) and the type declarations are to be there.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const out = join(root, 'target', 'npm');
const www = join(root, 'www');
const version = readFileSync(join(root, 'Cargo.toml'), 'utf8').match(/^version = "(.*)"$/m)[1];
const BINARIES = ['simd', 'relaxed-simd'];

const COMMON = {
  version,
  type: 'module',
  license: 'Apache-2.0',
  keywords: ['biomedical', 'ner', 'named-entity-recognition', 'bert', 'wasm', 'webassembly', 'spark-nlp'],
  publishConfig: { access: 'public', provenance: true },
};

/** The bindings of the engine as a function that makes new ones: their module holds one engine. Both binaries have the same. */
async function bindings() {
  const [first, second] = BINARIES.map((name) => readFileSync(join(www, 'pkg', name, 'glossa.js'), 'utf8'));
  const hash = /\nexport const sha256 = '([0-9a-f]{64})';\n/;
  if (first.replace(hash, '') !== second.replace(hash, '')) throw new Error('the binaries have different bindings');
  const made = await build({
    stdin: { contents: first.replace(hash, '\n'), loader: 'js' },
    bundle: true,
    format: 'iife',
    globalName: 'bindings',
    write: false,
    // The binary is always handed over: what the bindings would fetch by themselves is never asked for.
    define: { 'import.meta.url': '""' },
    legalComments: 'none',
  });
  const hashes = Object.fromEntries(BINARIES.map((name, i) => [name, [first, second][i].match(hash)[1]]));
  return `export const hashes = ${JSON.stringify(hashes)};\nexport function makeBindings() {\n${made.outputFiles[0].text}\nreturn bindings;\n}\n`;
}

/**
 * Takes modules of the package in the place of those of the page, and the bindings from memory.
 * @param {Record<string, string>} replacements
 * @param {string} contents the bindings
 * @param {string} [binaries] the folder of the binaries as seen from the bundle
 */
const replacing = (replacements, contents, binaries = './') => ({
  name: 'package',
  setup({ onResolve, onLoad }) {
    const by = new Map(Object.entries(replacements).map(([from, to]) => [join(www, 'glossa', from), join(root, 'npm', 'glossa-ner', to)]));
    onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
      const other = by.get(resolve(resolveDir, path));
      return other && !importer.startsWith(join(root, 'npm')) ? { path: other } : undefined;
    });
    onResolve({ filter: /^glossa-bindings$/ }, () => ({ path: 'glossa-bindings', namespace: 'made' }));
    onLoad({ filter: /.*/, namespace: 'made' }, () => ({ contents }));
    onLoad({ filter: /\/npm\/glossa-ner\/engine-files\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll("new URL('./", `new URL('${binaries}`),
    }));
  },
});

async function engine() {
  const folder = join(out, 'glossa-ner');
  const made = await bindings();
  const common = { bundle: true, format: 'esm', target: 'es2022', legalComments: 'none', logLevel: 'warning', absWorkingDir: root };
  const inWorker = { 'worker/engine-files.js': 'engine-files.js' };
  const inNode = {
    'base-address.js': 'node/base-address.js',
    'own-fetch.js': 'node/own-fetch.js',
    'start-worker.js': 'node/start-worker.js',
  };
  const entries = Object.fromEntries(['index', 'formats', 'core', 'element'].map((name) => [name, join(www, 'glossa', `${name}.js`)]));
  const shared = { entryPoints: entries, splitting: true, chunkNames: 'shared-[hash]', minify: true };
  await build({ ...common, ...shared, outdir: join(folder, 'dist'), plugins: [replacing(inWorker, made, './worker/')] });
  await build({
    ...common,
    entryPoints: { worker: join(www, 'glossa/worker/worker.js') },
    outdir: join(folder, 'dist/worker'),
    plugins: [replacing(inWorker, made)],
    minify: true,
  });
  const node = { ...common, platform: 'node', target: 'node20' };
  const ownNode = replacing({ ...inNode, ...inWorker }, made, '../worker/');
  await build({ ...node, ...shared, outdir: join(folder, 'dist/node'), plugins: [ownNode] });
  await build({
    ...node,
    stdin: {
      contents: `import '${join(root, 'npm/glossa-ner/node/browser-like.js')}';\nimport '${join(www, 'glossa/worker/worker.js')}';`,
      resolveDir: root,
    },
    // Beside the page's worker, whose binaries it shares.
    outfile: join(folder, 'dist/worker/node.js'),
    plugins: [replacing({ ...inNode, ...inWorker }, made)],
    minify: true,
  });
  for (const name of BINARIES) {
    mkdirSync(join(folder, 'dist/worker', name), { recursive: true });
    cpSync(join(www, 'pkg', name, 'glossa_bg.wasm'), join(folder, 'dist/worker', name, 'glossa_bg.wasm'));
  }
  cpSync(join(root, 'target/types'), join(folder, 'types'), { recursive: true });
  copy(folder, ['LICENSE', 'THIRD-PARTY-LICENSES'], root);
  copy(folder, ['README.md'], join(root, 'npm/glossa-ner'));
  const entry = (name) => ({ types: `./types/${name}.d.ts`, node: `./dist/node/${name}.js`, default: `./dist/${name}.js` });
  manifest(folder, {
    name: 'glossa-ner',
    description: 'Entities of biomedical text, found in the tab: protein, DNA, cell lines; drugs, doses, p-values. No server',
    ...COMMON,
    engines: { node: '>=20' },
    // Importing a module does nothing, but for the element's, which defines it; the worker's script is run as a whole.
    sideEffects: ['./dist/element.js', './dist/node/element.js', './dist/worker/*.js'],
    exports: {
      '.': entry('index'),
      './formats': entry('formats'),
      './core': entry('core'),
      './element': { ...entry('element'), types: './types/element-tag.d.ts' },
      './worker': './dist/worker/worker.js',
      './wasm/*': './dist/worker/*',
      './package.json': './package.json',
    },
    types: './types/index.d.ts',
    files: ['dist', 'types', 'THIRD-PARTY-LICENSES'],
  });
}

/** A model's package: its manifest, and the addresses of its files, as an object that `Annotator.create` takes. */
function model(name) {
  const from = join(www, 'models', name);
  const { title, licence, ...rest } = JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8'));
  const packageName = `glossa-ner-${name.replaceAll('_', '-')}`;
  const folder = join(out, packageName);
  const paths = rest.files.map(({ path }) => path);
  mkdirSync(folder, { recursive: true });
  copy(folder, [...paths, 'manifest.json'], from);
  copy(folder, ['LICENSE'], root);
  const card = readFileSync(join(from, 'README.md'), 'utf8').replace(/^# .*\n/, '');
  const head = readFileSync(join(root, 'npm/model/README.md'), 'utf8').replaceAll('{package}', packageName).replaceAll('{title}', title);
  writeFileSync(join(folder, 'README.md'), `${head}\n## The model\n${card.replace(/^## /gm, '### ')}`);
  // Bundlers find an address in just this form; the manifest is small, and saves a request.
  const addresses = paths.map((path) => `    ${JSON.stringify(path)}: new URL(${JSON.stringify(`./${path}`)}, import.meta.url),\n`);
  const listing = JSON.stringify({ title, licence, ...rest }, null, 2).replaceAll('\n', '\n  ');
  writeFileSync(
    join(folder, 'index.js'),
    `/** ${title}: for \`Annotator.create({ model })\` of glossa-ner. */\nexport default {\n  manifest: ${listing},\n  files: {\n${addresses.join('')}  },\n};\n`,
  );
  writeFileSync(
    join(folder, 'index.d.ts'),
    `/** ${title}: for \`Annotator.create({ model })\` of glossa-ner. */\ndeclare const model: {\n  manifest: { name: string; labels: string[]; [property: string]: unknown };\n  /** The addresses of its files, by path. */\n  files: Record<string, URL>;\n};\nexport default model;\n`,
  );
  manifest(folder, {
    name: packageName,
    description: `${title}: a model for glossa-ner`,
    ...COMMON,
    license: licence,
    sideEffects: false,
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './*': './*' },
    types: './index.d.ts',
    files: ['index.js', 'index.d.ts', 'manifest.json', ...paths],
  });
}

/**
 * @param {string} folder
 * @param {string[]} paths
 * @param {string} from
 */
function copy(folder, paths, from) {
  for (const path of paths) cpSync(join(from, path), join(folder, path));
}

/**
 * @param {string} folder
 * @param {object} content
 */
const manifest = (folder, content) => writeFileSync(join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);

rmSync(out, { recursive: true, force: true });
await engine();
for (const name of readdirSync(join(www, 'models'))) model(name);
for (const name of readdirSync(out)) {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out, join(out, name)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
