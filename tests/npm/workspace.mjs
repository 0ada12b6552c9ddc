// A folder outside the repository's own node_modules in which the packages of target/npm are installed beside the bundlers.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
const packed = join(root, 'target', 'npm');
/** Not below the repository, where Node would find its packages too. */
export const workspace = join(tmpdir(), 'glossa-npm-examples');

/** Archives of the packages. */
export const archives = readdirSync(packed).filter((name) => name.endsWith('.tgz')).map((name) => join(packed, name));

/** Tools of the workspace come first, and tell nobody that they run. */
const env = { ...process.env, PATH: `${workspace}/node_modules/.bin:${process.env.PATH}`, NEXT_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };

/** @param {string} command @param {string[]} args @param {string} [cwd] */
export const run = (command, args, cwd = workspace) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env });

/** Installs the bundlers, unless they are there, and the packages as they are now, and copies the examples beside them. */
export function prepare() {
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const kept = join(workspace, 'package-lock.json');
  if (!existsSync(kept) || readFileSync(kept, 'utf8') !== lock) {
    rmSync(workspace, { recursive: true, force: true });
    mkdirSync(workspace);
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(here, name), join(workspace, name));
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...archives]);
  for (const { name } of readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    rmSync(join(workspace, name), { recursive: true, force: true });
    cpSync(join(root, 'examples', name), join(workspace, name), { recursive: true });
    // Where npm puts them: the packages are the project's own, the bundlers are shared here to save time.
    for (const installed of ['glossa-ner', 'glossa-ner-cellular']) {
      cpSync(join(workspace, 'node_modules', installed), join(workspace, name, 'node_modules', installed), { recursive: true });
    }
  }
}
