// Whether what the Markdown says to type exists: commands of build.sh, npm, cargo and Node, flags of glossa, scripts. What is
// missing is an error with its name.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../scripts/site/markdown.mjs';

export const GLOSSA = join(ROOT, 'target/release/glossa');

const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), 'utf8');
const BUILD = read('build.sh');
const BUILD_COMMANDS = new Set([...BUILD.slice(BUILD.lastIndexOf('\ncase ')).matchAll(/^ {2}([a-z]+)\)/gm)].map(([, name]) => name));
const NPM_SCRIPTS = Object.keys(JSON.parse(read('package.json')).scripts);
const PYTHON_PACKAGES = ['glossa-ner', 'glossa-ner-models'];
const NPM_PACKAGES = ['glossa-ner', ...readdirSync(join(ROOT, 'www/models')).map((name) => `glossa-ner-${name.replaceAll('_', '-')}`)];

/**
 * The commands of lines for a shell, as words. Comments, and what goes into a file, are left out.
 * @param {string} code
 * @returns {string[][]}
 */
export function commandsOf(code) {
  const lines = code.replaceAll('\\\n', ' ').split('\n').flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/\s(?:&&|\|)\s/));
  const words = lines.map((line) => line.match(/(?:[^\s'"$]|'[^']*'|"[^"]*"|\$\([^)]*\)|\$)+/g) ?? []);
  return words.filter((all) => all.length).map((all) => (all.includes('>') ? all.slice(0, all.indexOf('>')) : all));
}

/** @type {Map<string, boolean>} */
const known = new Map();

/** Whether a command of glossa takes a flag. Aliases are not in its help; it reads the flags in front of `--help` all the same. */
function takes(/** @type {string} */ command, /** @type {string} */ flag) {
  const key = `${command} ${flag}`;
  if (!known.has(key)) {
    const { stdout, stderr } = spawnSync(GLOSSA, [...command.split(' '), flag, '1', '--help'], { encoding: 'utf8' });
    must(Boolean(stdout || stderr), `${GLOSSA} does not run`);
    known.set(key, !stderr.includes(`unexpected argument '${flag}'`));
  }
  return known.get(key);
}

export const GLOSSA_COMMANDS = ['annotate', 'convert', 'eval', 'compare', 'model add', 'model list', 'model remove', 'options'];
const flagsIn = (/** @type {string[]} */ words) => words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);

/** @param {boolean} condition @param {string} problem */
const must = (condition, problem) => {
  if (!condition) throw new Error(problem);
};

/** Whether there is such a crate, with such features. @param {string[]} words */
function fromRegistry([name, ...flags]) {
  must(name === 'glossa-ner', `there is no crate ${name}`);
  const features = flags.includes('--features') ? flags[flags.indexOf('--features') + 1].split(',') : [];
  for (const feature of features) must(new RegExp(`^${feature} = \\[`, 'm').test(read('Cargo.toml')), `glossa-ner has no feature ${feature}`);
}

/** What is no program of ours, is not asked for what it knows, and brings what CI must not fetch. */
const FOREIGN = new Set(['cd', 'echo', 'mvn', 'unzip']);

/** Checks of a command by its program. `folder` is where it is typed, below the repository's. */
const CHECKS = {
  './build.sh': ([command]) => must(BUILD_COMMANDS.has(command), `./build.sh has no ${command}`),
  npm: ([command, ...rest]) => {
    if (command === 'run') return must(NPM_SCRIPTS.includes(rest[0]), `package.json has no script ${rest[0]}`);
    if (command === 'install') return rest.forEach((name) => must([...NPM_PACKAGES, '{package}'].includes(name), `there is no package ${name}`));
    must(command === 'ci', `npm ${command} is not known to work`);
  },
  cargo: ([command, ...rest]) => {
    if (command === 'add' || command === 'install') return fromRegistry(rest);
    must(['fmt', 'bench', 'test'].includes(command), `cargo ${command} is not known to work`);
    const target = rest.includes('--test') ? rest[rest.indexOf('--test') + 1] : undefined;
    must(!target || existsSync(join(ROOT, `tests/${target}.rs`)) || existsSync(join(ROOT, `tests/${target}/main.rs`)), `there is no tests/${target}.rs`);
  },
  git: ([command, ...rest]) => {
    const help = spawnSync('git', [command, '-h'], { encoding: 'utf8' });
    const text = help.stdout + help.stderr;
    must(/^usage/m.test(text), `git has no ${command}`);
    for (const flag of flagsIn(rest)) must(text.includes(flag), `git ${command} has no ${flag}`);
  },
  node: (words, folder) => {
    const script = words.find((word) => !word.startsWith('--')) ?? '';
    must(existsSync(join(ROOT, folder, script)) || existsSync(join(ROOT, script)), `there is no ${script}`);
  },
  python: (words, folder) => {
    if (words[0] === '-m') return must(words[1] === 'venv', `python -m ${words[1]} is not known to work`);
    const path = [join(folder, words[0]), words[0]].find((one) => existsSync(join(ROOT, one)));
    must(path !== undefined, `there is no ${words[0]}`);
    const source = read(String(path));
    for (const flag of flagsIn(words)) must(source.includes(`'${flag}'`) || source.includes(`"${flag}"`), `${path} has no ${flag}`);
  },
  '.py': (words, folder) => CHECKS.python(words, folder),
  pip: (words) => {
    if (words[1]?.startsWith('target/wheels/')) return must(words[0] === 'install' && BUILD.includes('target/wheels'), `nothing makes ${words[1]}`);
    if (words.slice(1).every((name) => PYTHON_PACKAGES.includes(name))) return;
    const list = words[words.indexOf('-r') + 1];
    must(words[0] === 'install' && existsSync(join(ROOT, list)), `there is no ${list}`);
  },
  glossa: ([first, ...others]) => {
    if (first === undefined) return;
    const [command, ...rest] = first === 'model' ? [`model ${others[0]}`, ...others.slice(1)] : [first, ...others];
    must(GLOSSA_COMMANDS.includes(command), `glossa has no ${command}`);
    for (const flag of flagsIn(rest)) must(Boolean(takes(command, flag)), `glossa ${command} has no ${flag}`);
  },
  'glossa-fuzz': ([command]) => {
    const source = execFileSync('git', ['grep', '-h', '-e', '"', '--', 'fuzz/src/bin', 'fuzz/src/*.rs'], { cwd: ROOT, encoding: 'utf8' });
    must(source.includes(`"${command}"`), `glossa-fuzz has no ${command}`);
  },
  'train.sh': ([model]) => must(new RegExp(`^ {2}${model}\\)`, 'm').test(read('training/train.sh')), `training/train.sh has no ${model}`),
  'smoke.sh': (words) => must(words.length === 0, 'training/smoke.sh takes nothing'),
};

/** The program that a command runs, as the checks call it. @param {string} word */
function programOf(word) {
  if (word === './build.sh' || word.endsWith('.py')) return word.replace(/^.*\.py$/, '.py');
  const name = word.split('/').at(-1) ?? '';
  return name === 'python3' ? 'python' : name;
}

/** Whether words are a command that is checked. @param {string[]} words */
export function isCommand(words) {
  const [program, ...rest] = withoutSettings(words);
  if (program === undefined || !(programOf(program) in CHECKS)) return false;
  // Else it is a name: of a package, a folder, a program.
  return rest.length > 0 || /\/.*\.sh$/.test(program);
}

/** Without what is set for the command, or measures it. */
function withoutSettings(/** @type {string[]} */ words) {
  const set = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const rest = set < 0 ? [] : words.slice(set);
  return rest[0] === '/usr/bin/time' ? rest.slice(2) : rest;
}

/**
 * @param {string[]} words of a command
 * @param {string} folder where it is typed, below the repository's
 */
export function check(words, folder) {
  const [program, ...rest] = withoutSettings(words);
  // A variable of the shell, from what a program says.
  if (program === undefined || FOREIGN.has(program) || /^[a-z]+=\$\(/.test(program)) return;
  const name = programOf(program);
  must(name in CHECKS, `nothing is known of ${program}`);
  if (program.includes('.sh')) must(existsSync(join(ROOT, folder, program)), `there is no ${join(folder, program)}`);
  CHECKS[name](name === '.py' ? [program, ...rest] : rest, folder);
}

/** @param {string[][]} commands @param {string} folder */
export function checkAll(commands, folder) {
  let where = folder;
  for (const words of commands) {
    // A clone is the folder that all this stands in.
    if (words[0] === 'cd' && existsSync(join(ROOT, where, words[1]))) where = join(where, words[1]);
    check(words, where);
  }
}

/** Flags that are spoken of by themselves: of glossa, or as `build.sh` has them for other programs. */
export function checkFlag(/** @type {string[]} */ [flag, ...value]) {
  if (flag === '--help' || BUILD.includes([flag, ...value].join(' '))) return;
  must(GLOSSA_COMMANDS.some((command) => takes(command, flag)), `no command of glossa has ${flag}`);
}

