// A checkout has the bytes that were committed, whatever git is set to do with line ends.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const git = (...command) => execFileSync('git', command, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });

test('no file has its line ends converted', { skip: inRepository() ? false : 'this is no clone' }, () => {
  const files = git('ls-files', '-z').split('\0').filter(Boolean);
  assert.ok(files.length > 100, `${files.length} files`);
  // With what Git for Windows sets by default: for each file its path, the attribute and its value.
  const fields = execFileSync('git', ['-c', 'core.autocrlf=true', 'check-attr', '-z', '--stdin', 'text'], {
    cwd: root,
    encoding: 'utf8',
    input: files.join('\0'),
    maxBuffer: 1 << 26,
  }).split('\0');
  const values = new Map(files.map((path, i) => [path, fields[3 * i + 2]]));
  assert.deepEqual([...values].filter(([, value]) => value !== 'unset'), []);
});

test('scripts that a shell runs have the line ends of a shell', { skip: inRepository() ? false : 'this is no clone' }, () => {
  const scripts = git('ls-files', '--eol', '*.sh', '.ci').trim().split('\n');
  for (const line of scripts) assert.match(line, /^i\/lf\s/, line);
});

function inRepository() {
  try {
    return git('rev-parse', '--is-inside-work-tree').trim() === 'true';
  } catch {
    return false;
  }
}
