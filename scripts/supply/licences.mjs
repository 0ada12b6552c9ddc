// Writes THIRD-PARTY-LICENSES: which packages are in what is shipped, and under which licences, with their texts.
// `node scripts/supply/licences.mjs`, or with `--check` only tells whether it is as it would be written. It also refuses
// a package, shipped or not, whose licence deny.toml does not allow.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cargoMetadata, linkedPackages, ROOT } from './cargo.mjs';
import { chooseLicences } from './spdx.mjs';

const FILE = 'THIRD-PARTY-LICENSES';

/** By what the text of a licence begins, after its title and copyright notice. */
const BEGINNINGS = {
  'BSD-3-Clause': /Redistribution and use in source and binary forms/,
  MIT: /Permission is hereby granted, free of charge/,
  Zlib: /This software is provided ['‘]as-is['’]/,
  'Unicode-3.0': /UNICODE LICENSE V3/,
  'BSD-2-Clause': /Redistribution and use in source and binary forms/,
  ISC: /Permission to use, copy, modify, and\/or distribute this software/,
};

/** The Apache License within a file that has other licences too. */
const WHOLE_APACHE = /Apache License\s+Version 2\.0, January 2004[^]*?limitations under the License\./;

const HEADER = `Third-party software in Glossa

The binaries of Glossa for browsers (www/pkg), its command line (glossa) and its Python package (glossa_ner) contain the
packages of crates.io that are listed here, and Rust's standard library (the Rust Project, Apache-2.0 OR MIT). The page's script (www/pkg/app.js) contains
the packages of the npm registry that are listed here as NAME VERSION (npm). Where a package offers a choice of licences, the
one that it is listed under is taken.

Written by scripts/supply/licences.mjs from Cargo.lock and package-lock.json: change it there.
`;

/** The licences that deny.toml allows, the preferred first. */
export function allowedLicences() {
  const list = readFileSync(join(ROOT, 'deny.toml'), 'utf8').match(/^\[licenses\][^[]*^allow = \[([^\]]*)\]/m);
  return [...list[1].matchAll(/"([^"]+)"/g)].map(([, licence]) => licence);
}

/**
 * @param {{ name: string, version: string, license: string | null }[]} packages
 * @param {string[]} allowed
 * @returns {string[]} those whose licence is not allowed
 */
export function licenceProblems(packages, allowed) {
  const refused = packages.filter(({ license }) => !chooseLicences(license, allowed));
  return refused.map(({ name, version, license }) => `${name} ${version}: its licence "${license ?? ''}" is not allowed by deny.toml`);
}

/**
 * The notice for what is linked.
 * @param {{ name: string, version: string, license: string, repository: string | null }[]} packages third-party ones
 * @param {string[]} allowed licences, the preferred first
 * @param {(one: { name: string, version: string }) => string[]} texts the licence files of a package
 * @param {string} apache the text of the Apache License, which is the same for all
 */
export function licenceNotice(packages, allowed, texts, apache) {
  const sorted = [...packages].sort((one, other) => compare(one.name, other.name) || compare(one.version, other.version));
  const sections = allowed.flatMap((licence) => {
    const under = sorted.filter((one) => chooseLicences(one.license, allowed).includes(licence));
    if (!under.length) return [];
    if (licence === 'Apache-2.0') {
      return [`${rule(licence)}\n${under.map(titled).join('\n')}\n\n${apache.trim()}\n`];
    }
    // The texts differ by their copyright notices; what follows them is written once.
    const bodies = new Map();
    for (const one of under) {
      const { notice, body } = licenceText(one, licence, packages, texts);
      const key = body.toLowerCase().replaceAll(/[^a-z]+/g, ' ').trim();
      const group = bodies.get(key) ?? { body, packages: [] };
      group.packages.push(`${titled(one)}${notice.map((line) => `\n    ${line}`).join('')}`);
      bodies.set(key, group);
    }
    return [...bodies.values()].map((group) => `${rule(licence)}\n${group.packages.join('\n')}\n\n${group.body}\n`);
  });
  return [HEADER, ...sections].join('\n');
}

/** A package's text of a licence, as copyright notice and body; a package without one has its repository's. */
function licenceText(one, licence, packages, texts) {
  const beginning = BEGINNINGS[licence];
  if (!beginning) throw new Error(`scripts/supply/licences.mjs does not know how the text of ${licence} begins`);
  const siblings = packages.filter((other) => other !== one && one.repository && other.repository === one.repository);
  const file = [one, ...siblings].flatMap(texts).find((text) => beginning.test(text));
  if (!file) throw new Error(`${titled(one)} has no text of its licence ${licence}`);
  const text = file.replace(WHOLE_APACHE, '(the text of the Apache License, Version 2.0, which stands above)');
  const start = text.search(beginning);
  const notice = text.slice(0, start).split('\n').map((line) => line.trim());
  return { notice: notice.filter((line) => /copyright|\(c\)|©/i.test(line)), body: text.slice(start).trim() };
}

const titled = ({ name, version, isOfNpm }) => `${name} ${version}${isOfNpm ? ' (npm)' : ''}`;
const rule = (licence) => `${'='.repeat(100)}\n${licence}\n${'='.repeat(100)}\n`;
const compare = (one, other) => Number(one > other) - Number(one < other);

/** The licence files in a package's folder. */
export function licenceFiles(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying)/i.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n'));
}

/** The npm packages that are built into the page's script: `dependencies`; what is only built and tested with is in `devDependencies`. */
export function bundledPackages() {
  const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  return Object.keys(read('package.json').dependencies ?? {}).map((name) => {
    const path = `node_modules/${name}`;
    const { version, license } = read('package-lock.json').packages[path];
    return { name, version, license, repository: null, isOfNpm: true, manifest_path: join(ROOT, path, 'package.json') };
  });
}

/**
 * What of the page's bundles is not ours, by their source maps.
 * @param {string[]} maps
 */
export function foreignSources(maps) {
  return maps.flatMap((map) => JSON.parse(map).sources.filter((source) => source.includes('node_modules/')));
}

function main() {
  const { packages } = cargoMetadata();
  const linked = linkedPackages();
  const bundled = bundledPackages();
  const shipped = [...packages.filter((one) => one.source && linked.has(titled(one))), ...bundled];
  const allowed = allowedLicences();
  const problems = licenceProblems([...packages, ...bundled], allowed);
  const files = (one) => licenceFiles(dirname(one.manifest_path));
  const apache = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
  const notice = problems.length ? '' : licenceNotice(shipped, allowed, files, apache);
  if (!process.argv.includes('--check')) {
    if (notice) writeFileSync(join(ROOT, FILE), notice);
  } else if (notice && notice !== readFileSync(join(ROOT, FILE), 'utf8')) {
    problems.push(`${FILE} does not fit the lock files: node scripts/supply/licences.mjs`);
  }
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
