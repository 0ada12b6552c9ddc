// Writes the bill of materials of what is shipped, in CycloneDX 1.6, and the integrity strings of the page's files:
// `node scripts/supply/sbom.mjs FOLDER` makes FOLDER/glossa.cdx.json and FOLDER/integrity.json. Both depend on the
// files alone: neither has a date or a random number.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cargoLock, cargoMetadata, linkedPackages, ROOT } from './cargo.mjs';
import { hashOf, integrityOf, shippedFiles } from './shipped-files.mjs';
import { spdxExpression } from './spdx.mjs';

const PRODUCT = 'glossa';
const WWW = join(ROOT, 'www');

/**
 * @param {object} of
 * @param {string} of.version of the product
 * @param {{ name: string, version: string, license: string | null, source: string | null, id: string }[]} of.crates
 * @param {Map<string, string>} of.checksums SHA-256 by `NAME VERSION`, of the crates that come from the registry
 * @param {Map<string, string[]>} of.linked names of binaries by `NAME VERSION`
 * @param {{ id: string, dependencies: string[] }[]} of.graph the crates' dependencies
 * @param {Record<string, Record<string, any>>} of.npm the packages of package-lock.json, by path
 * @param {{ folder: string, manifest: any }[]} of.models
 * @param {{ path: string, sha256: string, sha384: string }[]} of.files of the page
 */
export function billOfMaterials({ version, crates, checksums, linked, graph, npm, models, files }) {
  const urls = new Map(crates.map((one) => [one.id, crateUrl(one)]));
  const ours = crates.filter((one) => !one.source && linked.has(titled(one)));
  const components = [
    ...crates.map((one) => crateComponent(one, checksums, linked)),
    ...npmComponents(npm),
    ...models.map(modelComponent),
    ...files.map(fileComponent),
  ];
  const edges = new Map(graph.map(({ id, dependencies }) => [urls.get(id), dependencies.map((to) => urls.get(to))]));
  edges.set(PRODUCT, [...ours.map(crateUrl), ...models.map(modelRef)]);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': PRODUCT, name: PRODUCT, version, licenses: [{ license: { id: 'Apache-2.0' } }] },
    },
    components: components.sort((one, other) => compare(one['bom-ref'], other['bom-ref'])),
    dependencies: [...edges].map(([ref, to]) => ({ ref, dependsOn: [...new Set(to)].sort() })).sort((one, other) => compare(one.ref, other.ref)),
  };
}

const titled = ({ name, version }) => `${name} ${version}`;
const crateUrl = ({ name, version }) => `pkg:cargo/${name}@${version}`;
const modelRef = ({ folder }) => `models/${folder}`;
const compare = (one, other) => Number(one > other) - Number(one < other);
const property = (name, value) => ({ name: `${PRODUCT}:${name}`, value });

/** A crate: required if it is in a binary, excluded if it is only built, tested or measured with. */
function crateComponent(one, checksums, linked) {
  const binaries = linked.get(titled(one));
  const sha256 = checksums.get(titled(one));
  return {
    type: 'library',
    'bom-ref': crateUrl(one),
    name: one.name,
    version: one.version,
    scope: binaries ? 'required' : 'excluded',
    ...(sha256 && { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    ...(one.license && { licenses: [{ expression: spdxExpression(one.license) }] }),
    // Our own are not told apart from the registry's by their address alone.
    purl: crateUrl(one),
    ...(binaries && { properties: binaries.map((binary) => property('binary', binary)) }),
  };
}

/** The npm packages: those in the page's script, and tools. One that is there several times is listed once. */
function npmComponents(npm) {
  const listed = new Map();
  const bundled = Object.keys(npm[''].dependencies ?? {}).map((name) => `node_modules/${name}`);
  for (const [path, entry] of Object.entries(npm)) {
    if (path === '') continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const url = `pkg:npm/${name.replace('@', '%40')}@${entry.version}`;
    const [scope, own] = name.startsWith('@') ? name.split('/') : [undefined, name];
    listed.set(url, {
      type: 'library',
      'bom-ref': url,
      ...(scope && { group: scope }),
      name: own,
      version: entry.version,
      scope: bundled.includes(path) ? 'required' : 'excluded',
      hashes: [{ alg: 'SHA-512', content: Buffer.from(entry.integrity.slice('sha512-'.length), 'base64').toString('hex') }],
      ...(entry.license && { licenses: [{ license: { name: entry.license } }] }),
      purl: url,
      ...(bundled.includes(path) && { properties: [property('binary', 'page')] }),
    });
  }
  return [...listed.values()];
}

function modelComponent({ folder, manifest }) {
  const { name, title, licence, attribution, files } = manifest;
  return {
    type: 'machine-learning-model',
    'bom-ref': modelRef({ folder }),
    name,
    description: title,
    scope: 'required',
    // The graph with its weights: by it a model is known, as it has no other version.
    hashes: [{ alg: 'SHA-256', content: files.find(({ path }) => path === 'model.onnx').sha256 }],
    licenses: [{ license: { id: licence } }],
    properties: attribution.map((line) => property('attribution', line)),
  };
}

function fileComponent({ path, sha256, sha384 }) {
  const hashes = [
    { alg: 'SHA-256', content: sha256 },
    { alg: 'SHA-384', content: sha384 },
  ];
  return { type: 'file', 'bom-ref': `www/${path}`, name: `www/${path}`, scope: 'required', hashes };
}

/** What the repository and its built folder www/ have. */
export function materials() {
  const { packages, resolve } = cargoMetadata();
  const checksums = cargoLock().flatMap((one) => (one.checksum ? [[titled(one), one.checksum]] : []));
  const folders = readdirSync(join(WWW, 'models')).sort();
  const models = folders.map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(WWW, 'models', folder, 'manifest.json'), 'utf8')) }));
  const files = shippedFiles(WWW).map((path) => {
    const [sha256, sha384] = ['sha256', 'sha384'].map((algorithm) => hashOf(join(WWW, path), algorithm, 'hex'));
    return { path, sha256, sha384 };
  });
  return {
    version: packages.find(({ name }) => name === 'glossa-ner').version,
    crates: packages,
    checksums: new Map(checksums),
    linked: linkedPackages(),
    graph: resolve.nodes,
    npm: JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages,
    models,
    files,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2];
  const write = (name, value) => writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
  write('glossa.cdx.json', billOfMaterials(materials()));
  write('integrity.json', integrityOf(WWW));
}
