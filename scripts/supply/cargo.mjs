// What cargo knows of the crates: all that Cargo.lock pins, and those that are linked into what is shipped.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

const LIBRARY = ['--package', 'glossa-ner'];

/** The binaries that are shipped, each with the arguments by which `cargo tree` finds what is linked into it. */
const BINARIES = {
  browser: [...LIBRARY, '--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'javascript,relaxed-simd'],
  'command line': [...LIBRARY, '--target', 'x86_64-unknown-linux-gnu'],
  'Python package': ['--package', 'glossa-python', '--target', 'x86_64-unknown-linux-gnu'],
};

function cargo(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync(process.env.CARGO || 'cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 27, stdio });
}

/** `cargo metadata`'s packages and graph, for all platforms and exactly as Cargo.lock pins them. */
export function cargoMetadata() {
  return JSON.parse(cargo('metadata', '--locked', '--format-version', '1'));
}

/**
 * The packages that are linked into each binary, ours among them. Build scripts, procedural macros and what only these
 * need run on the machine that builds, and are not among them.
 * @returns {Map<string, string[]>} names of binaries by `NAME VERSION`
 */
export function linkedPackages() {
  const linked = new Map();
  for (const [binary, args] of Object.entries(BINARIES)) {
    const tree = cargo('tree', '--locked', ...args, '--edges', 'normal,no-proc-macro', '--prefix', 'none');
    const lines = tree.split('\n').filter(Boolean);
    const packages = new Set(lines.map((line) => line.split(' ').slice(0, 2).join(' ').replace(' v', ' ')));
    for (const one of packages) linked.set(one, [...(linked.get(one) ?? []), binary]);
  }
  return linked;
}

/**
 * @param {string} text of a Cargo.lock
 * @returns {{ name: string, version: string, source?: string, checksum?: string }[]}
 */
export function lockedPackages(text) {
  const field = (table, key) => table.match(new RegExp(`^${key} = "([^"]*)"`, 'm'))?.[1];
  const tables = text.split(/^\[\[package\]\]$/m).slice(1);
  return tables.map((table) => {
    const [name, version, source, checksum] = ['name', 'version', 'source', 'checksum'].map((key) => field(table, key));
    return { name, version, source, checksum };
  });
}

export const cargoLock = () => lockedPackages(readFileSync(new URL('../../Cargo.lock', import.meta.url), 'utf8'));
