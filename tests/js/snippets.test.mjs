// Every command and piece of code in the Markdown is run, or looked up where it cannot be.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT, blocksOf, codeBlocks, codeSpans, pages, readPage, resolved } from '../../scripts/site/markdown.mjs';
import { GLOSSA, check, checkAll, checkFlag, commandsOf, isCommand } from '../commands.mjs';

const LONG = 120_000;
/** What has happened is not typed any more. */
const all = pages().filter((path) => path !== 'CHANGELOG.md');
const sources = (/** @type {string[]} */ ...globs) => execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...globs], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const tests = sources('tests/*.mjs', 'tests/**/*.mjs').map(readPage).join('\n');
const pythonTests = readPage('python/tests/test_guide.py');
const crates = sources('src/lib.rs', 'crates/*/src/lib.rs').flatMap((path) =>
  [...readPage(path).matchAll(/include_str!\("([^"]+\.md)"\)/g)].map(([, target]) => resolved(path, target).path));

/** Whether what is said to be typed has only files that the folder for it has: others are written in capitals. */
const isWhole = (/** @type {string[][]} */ commands) => commands.every((words) => !words.some((word) => /\b[A-Z]{3,}\b/.test(word)));
const isOurs = ([program]) => ['glossa', 'target/release/glossa', 'echo'].includes(program);

/** By language, what becomes of a block; what returns is run or looked up by this file. */
const LANGUAGES = {
  // They are typed in the repository's folder.
  sh: (_page, code) => checkAll(commandsOf(code), ''),
  // Their lines need Spark, Python or a model of the hub; ours are run by the tests of the Python package.
  python: (page) => assert.ok(page.startsWith('docs/coming-from/') || pythonTests.includes(`"${page}"`), `${pythonTests.length} characters of tests, and none has "${page}"`),
  javascript: (page) => assert.match(page, /^docs\/coming-from\//),
  rust: (page) => assert.ok(crates.includes(page), 'no crate has the page among its documentation, whose code cargo test runs'),
  'rust,no_run': (page) => assert.ok(crates.includes(page), 'no crate has the page among its documentation, whose code cargo test compiles'),
};

test('every block of code is run or looked up', () => {
  let count = 0;
  for (const page of all) {
    for (const { language, code, line } of codeBlocks(readPage(page))) {
      count += 1;
      try {
        if (Object.hasOwn(LANGUAGES, language)) LANGUAGES[language](page, code);
        else assert.ok(tests.includes(`blocksOf('${page}', '${language}')`), `no test has blocksOf('${page}', '${language}')`);
      } catch (error) {
        throw new Error(`${page}:${line}: ${/** @type {Error} */ (error).message}`, { cause: error });
      }
    }
  }
  assert.ok(count > 25, `${count} blocks`);
});

test('every command within a line exists, and every flag', () => {
  const titles = new Set([...tests.matchAll(/^ *test\('([^']+)'/gm)].map(([, title]) => title));
  /** Properties of CSS begin so too. */
  const other = new Set(['--glossa-colour']);
  let count = 0;
  for (const page of all) {
    for (const span of codeSpans(readPage(page))) {
      const words = span.split(' ');
      try {
        if (span.startsWith('--')) {
          if (!other.has(span)) checkFlag(words.slice(0, 2));
          // Those of a crate, and scripts without a folder, are in the folder of their page.
        } else if (isCommand(words) && !titles.has(span)) check(words, page.startsWith('crates/') || /^\w+\.py /.test(span) ? dirname(page) : '');
        else continue;
        count += 1;
      } catch (error) {
        throw new Error(`${page}: \`${span}\`: ${/** @type {Error} */ (error).message}`, { cause: error });
      }
    }
  }
  assert.ok(count > 150, `${count} commands and flags`);
});

test('what does not exist is found', () => {
  const refused = {
    './build.sh none': /has no none/,
    'npm run none': /no script none/,
    'npm install glossa': /no package glossa/,
    'cargo add glossa': /no crate glossa/,
    'cargo add glossa-ner --features none': /no feature none/,
    'glossa model none': /glossa has no model none/,
    'cargo test --test none': /no tests\/none\.rs/,
    'node --test tests/none.mjs': /no tests\/none\.mjs/,
    'python training/finetune.py --none 1': /has no --none/,
    'glossa none': /glossa has no none/,
    'glossa eval --to csv x': /glossa eval has no --to/,
    'training/finetune.py --none 1': /has no --none/,
    'training/train.sh none DATA': /has no none/,
    'git clone --none URL': /has no --none/,
    'curl https://files.test/': /nothing is known of curl/,
  };
  for (const [line, problem] of Object.entries(refused)) assert.throws(() => checkAll(commandsOf(line), ''), problem, line);
  assert.throws(() => checkFlag(['--none']), /no command of glossa has --none/);
  checkAll(commandsOf('PYTHON=x training/train.sh cellular DATA # not this\nglossa annotate --black-list a \\\n  --to csv x > y && ./build.sh npm'), '');
});

/** A folder with what the pages' commands read. */
function withFiles(run) {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-snippets-'));
  try {
    for (const path of ['bin', 'abstracts', 'www/glossa', 'docs', 'target/release']) mkdirSync(join(folder, path), { recursive: true });
    for (const path of ['bin/glossa', 'target/release/glossa']) symlinkSync(GLOSSA, join(folder, path));
    symlinkSync(join(ROOT, 'www/models'), join(folder, 'www/models'));
    for (const path of ['abstract.txt', 'abstracts/1.txt']) writeFileSync(join(folder, path), 'IL-2 gene expression requires NF-kappa B.\n');
    cpSync(join(ROOT, 'tests/golden/models/saved_hub_root.zip'), join(folder, 'spark-nlp-model.zip'));
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const shell = (/** @type {string} */ code, /** @type {string} */ folder) =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', code], { cwd: folder, env: { ...process.env, GLOSSA_MODELS: join(folder, 'models'), PATH: `${join(folder, 'bin')}:${process.env.PATH}` }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

test("the command line's lines run, and say what the pages say they do", { timeout: LONG }, () => {
  const ran = [];
  for (const page of all) {
    withFiles((folder) => {
      const blocks = codeBlocks(readPage(page));
      blocks.forEach(({ language, code }, i) => {
        if (language !== 'sh') return;
        const lines = code.replaceAll('\\\n', ' ').split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').replace(/^\.\/build\.sh build && /, ''));
        const own = lines.filter((line) => line.trim() && commandsOf(line).every(isOurs) && isWhole(commandsOf(line)));
        const said = own.map((line) => shell(line, folder)).join('');
        ran.push(...own.map((line) => `${page}: ${line.trim()}`));
        if (blocks[i + 1]?.language === 'text') assert.equal(said, blocks[i + 1].code, page);
      });
    });
  }
  // A line of each page that has some.
  for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/guide.md', 'docs/rust.md', 'docs/coming-from/spark-nlp.md']) {
    assert.ok(ran.some((line) => line.startsWith(`${page}: `)), `${page} in:\n${ran.join('\n')}`);
  }
  assert.ok(blocksOf('docs/guide.md', 'text').length === 1);
});

test('the options that CONTRIBUTING.md has written anew are those of the repository', () => {
  withFiles((folder) => {
    const [code] = blocksOf('CONTRIBUTING.md', 'sh').filter((block) => block.includes('options.schema.json'));
    shell(code.split('\n').filter((line) => line.startsWith('target/release/glossa')).join('\n'), folder);
    for (const path of ['www/glossa/options.schema.json', 'docs/options.md']) assert.equal(readFileSync(join(folder, path), 'utf8'), readPage(path), path);
  });
});

test('the pipeline file of the README runs', { timeout: LONG }, () => {
  for (const json of blocksOf('README.md', 'json')) {
    withFiles((folder) => {
      writeFileSync(join(folder, 'www/pipeline.json'), json);
      const line = JSON.parse(shell('glossa annotate --pipeline www/pipeline.json abstract.txt', folder));
      assert.equal(line.id, 'abstract.txt');
      assert.ok(Array.isArray(line.chunks));
    });
  }
});

test('the line of JSON in docs/formats.md is read, and written as it is', () => {
  for (const line of blocksOf('docs/formats.md', 'json')) {
    withFiles((folder) => {
      writeFileSync(join(folder, 'one.jsonl'), line);
      assert.deepEqual(JSON.parse(shell('glossa convert --to jsonl one.jsonl', folder)), JSON.parse(line));
    });
  }
});

test("the configuration of Label Studio in docs/formats.md has the names of the tasks' regions", () => {
  const [xml, ...others] = blocksOf('docs/formats.md', 'xml');
  assert.deepEqual(others, []);
  const [, name, of] = xml.match(/<Labels name="(\w+)" toName="(\w+)">/) ?? [];
  const [, text, value] = xml.match(/<Text name="(\w+)" value="\$(\w+)"\/>/) ?? [];
  const entities = [...xml.matchAll(/<Label value="([^"]+)"\/>/g)].map(([, entity]) => entity);
  withFiles((folder) => {
    const [task] = JSON.parse(shell('glossa annotate --model www/models/cellular --to label-studio abstract.txt', folder));
    const regions = task.predictions[0].result;
    assert.equal(typeof task.data[value], 'string');
    assert.ok(regions.length > 1);
    for (const { from_name, to_name, type, value: region } of regions) {
      assert.deepEqual([from_name, to_name, type], [name, of, 'labels']);
      assert.equal(to_name, text);
      for (const entity of region.labels) assert.ok(entities.includes(entity), entity);
    }
  });
});

test('the line of a commit by which a model is released is the one that is looked for', () => {
  const [line, ...others] = blocksOf('CONTRIBUTING.md', '');
  assert.deepEqual(others, []);
  const [, pattern] = readPage('.ci/check-blobs').match(/grep -q '(\^Model-Release[^']*)'/) ?? [];
  assert.match(line, new RegExp(pattern));
});

test('the folders that training/README.md has are those that train.sh reads', () => {
  const [layout, ...others] = blocksOf('training/README.md', '');
  assert.deepEqual(others, []);
  const script = readPage('training/train.sh');
  const named = layout.match(/[\w-]+\.(?:jsonl|txt)/g) ?? [];
  assert.ok(named.length > 5);
  for (const name of named) assert.ok(script.includes(name), name);
});
