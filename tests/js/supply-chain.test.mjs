// What comes from others: only released packages that lock files pin by their hash, under licences that we may ship, and
// all of it listed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { ROOT } from '../../scripts/supply/cargo.mjs';
import { bundledPackages, foreignSources, licenceNotice, licenceProblems } from '../../scripts/supply/licences.mjs';
import { cargoLockProblems, npmLockProblems, npmrcProblems } from '../../scripts/supply/lockfiles.mjs';
import { billOfMaterials, materials } from '../../scripts/supply/sbom.mjs';
import { integrityOf } from '../../scripts/supply/shipped-files.mjs';
import { chooseLicences, spdxExpression } from '../../scripts/supply/spdx.mjs';

const read = (path) => readFileSync(join(ROOT, path), 'utf8');
const OWN = new Set(['bind-wasm', 'glossa-fuzz', 'glossa-kernels', 'glossa-ner', 'glossa-python', 'jdk-regex', 'list-api']);
const ALLOWED = ['Apache-2.0', 'MIT', 'Zlib', 'Unicode-3.0'];

for (const path of ['package-lock.json', 'bench/package-lock.json', 'tests/npm/package-lock.json']) {
  test(`${path}: a lock file that was tampered with is refused`, () => {
    assert.deepEqual(npmLockProblems(JSON.parse(read(path))), []);
    const name = path.startsWith('bench') ? 'onnxruntime-web' : 'esbuild';
    const tampered = (change) => {
      const lock = JSON.parse(read(path));
      change(lock.packages[`node_modules/${name}`], lock);
      return npmLockProblems(lock);
    };
    const refused = [
      [(entry) => delete entry.integrity, /has integrity undefined/],
      [(entry) => void (entry.integrity = `sha1-${'a'.repeat(27)}=`), /not one SHA-512/],
      // npm takes any of several hashes for right.
      [(entry) => void (entry.integrity += ` ${entry.integrity}`), /not one SHA-512/],
      [(entry) => void (entry.resolved = 'https://files.test/package.tgz'), /comes from https:\/\/files\.test/],
      [(entry) => void (entry.resolved = 'git+ssh://git@github.com/o/r.git#0123'), /comes from git/],
      [(entry) => void (entry.resolved = 'https://registry.npmjs.org/another/-/another-1.0.0.tgz'), /comes from .*another/],
      [(entry) => void (entry.version = 'file:../elsewhere'), /has version file/],
      [(entry) => void (entry.name = 'another'), /is another under another name/],
      [(entry) => void (entry.link = true), /is a folder/],
      [(_, lock) => void (lock.packages['elsewhere/esbuild'] = lock.packages[`node_modules/${name}`]), /is a folder/],
      [(_, lock) => void (lock.packages['node_modules/new'] = { ...lock.packages[`node_modules/${name}`], hasInstallScript: true }), /new: has an install script/],
      [(_, lock) => void (lock.packages[''].devDependencies = { one: 'github:owner/one' }), /one is "github:owner\/one"/],
      [(_, lock) => void (lock.packages[''].dependencies = { one: 'npm:another@1' }), /one is "npm:another@1"/],
      [(_, lock) => void (lock.lockfileVersion = 1), /lockfileVersion is 1/],
    ];
    for (const [change, problem] of refused) assert.match(tampered(change).join('\n'), problem);
  });
}

test('npm runs no script of a package, and asks no other registry', () => {
  assert.deepEqual(npmrcProblems(read('.npmrc')), []);
  assert.deepEqual(npmrcProblems(read('bench/.npmrc')), []);
  assert.match(npmrcProblems('')[0], /ignore-scripts=true is missing/);
  assert.match(npmrcProblems('ignore-scripts=false')[0], /ignore-scripts=true is missing/);
  assert.deepEqual(npmrcProblems('ignore-scripts=true\n@scope:registry=https://files.test/'), ['@scope:registry names another registry']);
});

test('Cargo.lock: a lock file that was tampered with is refused', () => {
  const lock = read('Cargo.lock');
  assert.deepEqual(cargoLockProblems(lock, OWN), []);
  const tampered = (from, to) => {
    assert.match(lock, from);
    return cargoLockProblems(lock.replace(from, to), OWN).join('\n');
  };
  const source = /^source = "registry\+https:\/\/github\.com\/rust-lang\/crates\.io-index"\n/m;
  assert.match(tampered(source, 'source = "git+https://files.test/r#0123"\n'), /comes from git/);
  assert.match(tampered(source, 'source = "registry+https://files.test/index"\n'), /comes from registry/);
  assert.match(tampered(source, ''), /is a folder that is not of this repository/);
  assert.match(tampered(/^checksum = .*\n/m, ''), /has checksum undefined/);
  assert.match(tampered(/^checksum = ".{4}/m, 'checksum = "'), /not a SHA-256/);
  assert.deepEqual(cargoLockProblems('', OWN), ['names no packages']);
});

test('a licence is chosen from an expression of SPDX', () => {
  const chosen = {
    MIT: ['MIT'],
    'MIT OR Apache-2.0': ['Apache-2.0'],
    'MIT/Apache-2.0': ['Apache-2.0'],
    'GPL-3.0-only OR MIT': ['MIT'],
    '(MIT OR Apache-2.0) AND Unicode-3.0': ['Apache-2.0', 'Unicode-3.0'],
    'Zlib OR MIT AND Unicode-3.0': ['Zlib'],
    'Apache-2.0 WITH LLVM-exception OR MIT': ['MIT'],
    'MIT AND MIT': ['MIT'],
  };
  for (const [expression, licences] of Object.entries(chosen)) {
    assert.deepEqual(chooseLicences(expression, ALLOWED), licences, expression);
  }
  const refused = ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'Apache-2.0 WITH LLVM-exception', '', null, 'MIT OR', '(MIT', 'MIT)', 'MIT MIT', 'OR MIT'];
  for (const expression of refused) assert.equal(chooseLicences(expression, ALLOWED), null, `${expression}`);
});

test('a package whose licence is not allowed is refused by name', () => {
  const packages = [
    { name: 'one', version: '1.0.0', license: 'MIT' },
    { name: 'two', version: '2.0.0', license: 'LGPL-2.1-only' },
    { name: 'three', version: '3.0.0', license: null },
  ];
  assert.deepEqual(licenceProblems(packages, ALLOWED), [
    'two 2.0.0: its licence "LGPL-2.1-only" is not allowed by deny.toml',
    'three 3.0.0: its licence "" is not allowed by deny.toml',
  ]);
});

test('the notice has each copyright and each text once, and fails for a text that is missing', () => {
  const MIT = (holder, end = 'SOFTWARE.') => `MIT License\n\nCopyright (c) ${holder}\n\nPermission is hereby granted, free of charge, to any ${end}\n`;
  const files = {
    one: ['Apache'],
    two: [MIT('Two Holder')],
    three: [MIT('Three Holder').replace('any ', 'any\n ')],
    four: [],
    five: [MIT('Five Holder', 'other text')],
  };
  const packages = Object.keys(files).map((name) => {
    return { name, version: '1.0.0', license: name === 'one' ? 'MIT OR Apache-2.0' : 'MIT', repository: name === 'four' || name === 'two' ? 'r' : null };
  });
  const notice = licenceNotice(packages, ALLOWED, ({ name }) => files[name], 'The Apache text');
  assert.match(notice, /Apache-2\.0\n=+\n\none 1\.0\.0\n\nThe Apache text\n/);
  assert.equal(notice.match(/to any\s+SOFTWARE/g).length, 1);
  assert.equal(notice.match(/to any other text/g).length, 1);
  // The fourth has its text from the second, of the same repository.
  assert.match(notice, /four 1\.0\.0\n {4}Copyright \(c\) Two Holder\nthree 1\.0\.0\n {4}Copyright \(c\) Three Holder\ntwo 1\.0\.0/);
  files.two = [];
  assert.throws(() => licenceNotice(packages, ALLOWED, ({ name }) => files[name], ''), /four 1\.0\.0 has no text of its licence MIT/);
});

test('what is shipped has a notice for every crate in it', () => {
  const notice = read('THIRD-PARTY-LICENSES');
  for (const name of ['tract-onnx', 'tokenizers', 'wasm-bindgen', 'clap', 'zlib-rs']) assert.match(notice, new RegExp(`^${name} \\d`, 'm'));
  // Used to build or to test, and in nothing that is shipped.
  for (const name of ['fastrand', 'walrus', 'syn', 'prost-build']) assert.doesNotMatch(notice, new RegExp(`^${name} \\d`, 'm'));
});

test("the page's scripts hold no code of others but that of the packages listed", () => {
  const listed = bundledPackages().map(({ name }) => name);
  assert.deepEqual(listed, ['idb']);
  const packagesIn = (path) => [...new Set(foreignSources([read(`www/pkg/${path}`)]).map((source) => source.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)[1]))];
  assert.deepEqual(packagesIn('app.js.map'), listed);
  assert.match(read('THIRD-PARTY-LICENSES'), /^idb \d+\.\d+\.\d+ \(npm\)\n {4}Copyright/m);
  for (const path of ['worker/worker.js.map', 'service-worker.js.map']) assert.deepEqual(foreignSources([read(`www/pkg/${path}`)]), []);
  assert.deepEqual(foreignSources(['{"sources":["../page/app.js","../../node_modules/one/index.js"]}']), ['../../node_modules/one/index.js']);
});

let made;
before(() => {
  made = materials();
});

test('the bill of materials is valid CycloneDX, the same each time, and has no date', () => {
  const bom = billOfMaterials(made);
  const schemas = join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res', 'schema');
  const schema = (name) => JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  // By these addresses the schema refers to the others.
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    ajv.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
  }
  addFormats(ajv);
  // A check of addresses that ajv does not have.
  ajv.addFormat('iri-reference', true).addFormat('idn-email', true);
  const validate = ajv.compile(schema('bom-1.6'));
  validate(bom);
  assert.deepEqual(validate.errors, null);
  assert.deepEqual(billOfMaterials(made), bom);
  assert.doesNotMatch(JSON.stringify(bom), /timestamp|serialNumber/);
  assert.ok(!JSON.stringify(bom).includes(ROOT));
  assert.equal(validate({ ...bom, components: [{ type: 'library' }] }), false);
});

test('the bill of materials lists the crates, models and files that are shipped, with their hashes', () => {
  const bom = billOfMaterials(made);
  const component = (ref) => bom.components.find((one) => one['bom-ref'] === ref);
  const refs = new Set(['glossa', ...bom.components.map((one) => one['bom-ref'])]);
  assert.equal(refs.size, bom.components.length + 1);
  for (const { ref, dependsOn } of bom.dependencies) for (const one of [ref, ...dependsOn]) assert.ok(refs.has(one), one);

  const named = (name) => bom.components.filter((one) => one.purl?.startsWith(`pkg:cargo/${name}@`));
  const [tokenizers] = named('tokenizers');
  assert.deepEqual([tokenizers.scope, tokenizers.properties.map(({ value }) => value)], ['required', ['browser', 'command line', 'Python package']]);
  assert.match(read('Cargo.lock'), new RegExp(`checksum = "${tokenizers.hashes[0].content}"`));
  assert.deepEqual(named('clap')[0].properties.map(({ value }) => value), ['command line', 'Python package']);
  assert.equal(named('walrus')[0].scope, 'excluded');
  const esbuild = bom.components.find((one) => one.purl?.startsWith('pkg:npm/esbuild@'));
  assert.deepEqual([esbuild.scope, esbuild.hashes[0].content.length], ['excluded', 128]);
  const idb = bom.components.find((one) => one.purl?.startsWith('pkg:npm/idb@'));
  assert.deepEqual([idb.scope, idb.properties], ['required', [{ name: 'glossa:binary', value: 'page' }]]);

  for (const name of ['cellular', 'biomedical', 'clinical_trials']) {
    const file = component(`www/models/${name}/model.onnx`);
    assert.equal(component(`models/${name}`).hashes[0].content, file.hashes[0].content);
  }
  for (const path of ['index.html', 'glossa/index.js', 'pkg/app.js', 'pkg/simd/glossa_bg.wasm']) assert.ok(component(`www/${path}`), path);
  assert.equal(component('www/tsconfig.json'), undefined);
});

test('integrity strings are those that a browser compares', async () => {
  const integrity = integrityOf(join(ROOT, 'www'));
  for (const path of ['index.html', 'pkg/app.js', 'pkg/relaxed-simd/glossa_bg.wasm']) {
    const digest = await crypto.subtle.digest('SHA-384', readFileSync(join(ROOT, 'www', path)));
    assert.equal(integrity[path], `sha384-${Buffer.from(digest).toString('base64')}`);
  }
  assert.deepEqual(Object.keys(integrity), Object.keys(integrity).sort());
});

test('an old expression of a licence is written as SPDX has it', () => {
  assert.equal(spdxExpression('Apache-2.0 / MIT'), 'Apache-2.0 OR MIT');
});
