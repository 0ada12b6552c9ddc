// Refuses lock files by which something could come in that is not a released package of the registry, known by its hash:
// Cargo.lock, package-lock.json and the .npmrc beside it, wherever they are in the repository. `node scripts/supply/lockfiles.mjs`
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CRATES_IO, lockedPackages, ROOT } from './cargo.mjs';

const NPM_REGISTRY = 'https://registry.npmjs.org/';

/** npm packages that have install scripts. We never run these: each package must work without, and be added here by hand. */
const KNOWN_INSTALL_SCRIPTS = new Set(['core-js-pure', 'esbuild', 'onnxruntime-node', 'protobufjs']);

/**
 * @param {{ lockfileVersion: number, packages: Record<string, Record<string, any>> }} lock of package-lock.json
 * @returns {string[]} what is wrong with it
 */
export function npmLockProblems(lock) {
  if (lock.lockfileVersion !== 3 || !lock.packages) return [`lockfileVersion is ${lock.lockfileVersion}, not 3`];
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    (path === '' ? manifestProblems(entry) : entryProblems(path, entry)).map((problem) => `${path || 'package'}: ${problem}`),
  );
}

function manifestProblems(manifest) {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  const wanted = kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}));
  const range = /^[\s\d.^~<>=|*x-]+(?:-[\w.]+)?$/;
  return wanted.filter(([, version]) => !range.test(version)).map(([name, version]) => `${name} is "${version}", not a range of versions`);
}

function entryProblems(path, entry) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const problems = [];
  if (!path.startsWith('node_modules/') || entry.link) problems.push('is a folder, not a package of the registry');
  if (entry.name && entry.name !== name) problems.push(`is ${entry.name} under another name`);
  if (!/^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(entry.version ?? '')) problems.push(`has version ${entry.version}`);
  // Left out, it stands for the registry in use.
  if (entry.resolved !== undefined && !entry.resolved.startsWith(`${NPM_REGISTRY}${name}/-/`)) problems.push(`comes from ${entry.resolved}`);
  if (!/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '')) problems.push(`has integrity ${entry.integrity}, not one SHA-512`);
  if (entry.hasInstallScript && !KNOWN_INSTALL_SCRIPTS.has(name)) problems.push('has an install script and is not among those known to work without');
  return problems;
}

/** @param {string} npmrc text of the .npmrc beside a lock file */
export function npmrcProblems(npmrc) {
  const settings = new Map(npmrc.split('\n').map((line) => line.split('=').map((part) => part.trim())));
  const problems = settings.get('ignore-scripts') === 'true' ? [] : ['install scripts would run: ignore-scripts=true is missing'];
  const elsewhere = [...settings.keys()].filter((key) => /registry$/.test(key) && !key.startsWith('omit-'));
  return [...problems, ...elsewhere.map((key) => `${key} names another registry`)];
}

/**
 * @param {string} text of a Cargo.lock
 * @param {Set<string>} own names of the repository's own packages
 * @returns {string[]} what is wrong with it
 */
export function cargoLockProblems(text, own) {
  const packages = lockedPackages(text);
  if (!packages.length) return ['names no packages'];
  return packages.flatMap(({ name, version, source, checksum }) => {
    const problem = (what) => [`${name} ${version}: ${what}`];
    if (!source) return own.has(name) ? [] : problem('is a folder that is not of this repository');
    if (source !== CRATES_IO) return problem(`comes from ${source}`);
    return /^[0-9a-f]{64}$/.test(checksum ?? '') ? [] : problem(`has checksum ${checksum}, not a SHA-256`);
  });
}

function repositoryProblems() {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  const read = (path) => readFileSync(join(ROOT, path), 'utf8');
  const named = (name) => files.filter((path) => path.split('/').at(-1) === name && existsSync(join(ROOT, path)));
  const about = (path, problems) => problems.map((problem) => `${path}: ${problem}`);
  const own = new Set(named('Cargo.toml').flatMap((path) => read(path).match(/^\[package\]\nname = "([^"]+)"/m)?.[1] ?? []));
  const npm = named('package-lock.json').flatMap((path) => {
    const npmrc = join(dirname(path), '.npmrc');
    const settings = existsSync(join(ROOT, npmrc)) ? read(npmrc) : '';
    return [...about(path, npmLockProblems(JSON.parse(read(path)))), ...about(npmrc, npmrcProblems(settings))];
  });
  return [...npm, ...named('Cargo.lock').flatMap((path) => about(path, cargoLockProblems(read(path), own)))];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = repositoryProblems();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length ? 1 : 0;
}
