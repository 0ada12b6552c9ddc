// To which origins a host may send a download on.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DEFAULT_RULES, refuseRedirect, rulesOf } from '../../www/glossa/download-rules.js';

/** Whether a redirect from one address to another is taken. */
function isTaken(from, to, allowedOrigins = []) {
  try {
    refuseRedirect({ redirected: true, url: to }, from, rulesOf({ allowedOrigins }));
    return true;
  } catch ({ code }) {
    assert.equal(code, 'redirect_refused');
    return false;
  }
}

test('the address has its own origin, and Hugging Face its storage', () => {
  assert.ok(isTaken('https://a.org/m', 'https://a.org/n'));
  assert.ok(!isTaken('https://a.org/m', 'http://a.org/m'));
  assert.ok(!isTaken('https://a.org/m', 'https://a.org:8443/m'));
  const model = 'https://huggingface.co/x/resolve/main/model.onnx';
  assert.ok(isTaken(model, 'https://cdn-lfs.huggingface.co/repos/1'));
  assert.ok(isTaken(model, 'https://cas-bridge.xethub.hf.co/xet/1'));
  assert.ok(!isTaken(model, 'https://evilhf.co/1'));
  assert.ok(!isTaken(model, 'http://cdn.hf.co/1'));
  assert.ok(!isTaken('https://a.org/m', 'https://cdn-lfs.huggingface.co/repos/1'), 'only from there');
});

test('an origin that is allowed, and all below one', () => {
  assert.ok(isTaken('https://a.org/m', 'https://b.org/m', ['https://b.org']));
  assert.ok(!isTaken('https://a.org/m', 'https://c.b.org/m', ['https://b.org']));
  assert.ok(isTaken('https://a.org/m', 'https://d.c.b.org/m', ['https://*.b.org']));
  for (const other of ['https://b.org/m', 'https://cb.org/m', 'http://c.b.org/m', 'https://c.b.org.evil.org/', 'https://c.b.org:444/']) {
    assert.ok(!isTaken('https://a.org/m', other, ['https://*.b.org']), other);
  }
});

test('the limit that the documentation tells is the one in the code', async () => {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const [, seconds] = /`stallTimeout` of `Annotator\.create`.*?\| (\d+) s \|/.exec(page);
  assert.equal(Number(seconds) * 1000, DEFAULT_RULES.stallTimeout);
});
