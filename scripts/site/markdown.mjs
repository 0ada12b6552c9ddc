// What the Markdown of the repository has: its blocks of code, code within lines, links and anchors. The tests run the code and
// follow the links; the site's book has its links written anew.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** All Markdown that git knows. @returns {string[]} */
export const pages = () =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n').sort();

/** @param {string} path below the repository's folder */
export const readPage = (path) => readFileSync(join(ROOT, path), 'utf8');

/** A fence, what it says, the lines between, and a fence that is as long. */
const FENCED = /^([ ]*)(`{3,}|~{3,})([^\n`]*)\n([^]*?)^[ ]*\2[`~]*[ ]*$/gm;
const SPAN = /(?<!`)(`+)(?!`)([^]*?[^`])\1(?!`)/g;
const LINK = /(\]\()([^()\s]+)(\))|(\b(?:href|src)=")([^"]+)(")/g;

/**
 * Blocks of code between fences.
 * @param {string} text
 * @returns {{ language: string, code: string, line: number }[]}
 */
export function codeBlocks(text) {
  return [...text.matchAll(FENCED)].map(({ 1: indent, 3: language, 4: code, index }) => ({
    language: language.trim(),
    code: code.replace(new RegExp(`^${indent}`, 'gm'), ''),
    line: text.slice(0, index).split('\n').length,
  }));
}

/**
 * The code of a page's blocks of a language, to be run by a test that says so by this call: `tests/js/snippets.test.mjs` looks for it.
 * @param {string} path
 * @param {string} language
 */
export function blocksOf(path, language) {
  const found = codeBlocks(readPage(path)).filter((block) => block.language === language);
  if (!found.length) throw new Error(`${path} has no block of ${language}`);
  return found.map(({ code }) => code);
}

const blank = (/** @type {string} */ text) => text.replace(/[^\n]/g, ' ');
const withoutBlocks = (/** @type {string} */ text) => text.replace(FENCED, blank);

/** Code within lines. @param {string} text @returns {string[]} */
export const codeSpans = (text) => [...withoutBlocks(text).matchAll(SPAN)].map(([, , code]) => code.replaceAll(/\s+/g, ' ').trim());

/** Where links and pictures lead. @param {string} text @returns {string[]} */
export function links(text) {
  return [...withoutBlocks(text).replace(SPAN, blank).matchAll(LINK)].map((found) => found[2] ?? found[5]);
}

/**
 * The text with its links as `change` has them.
 * @param {string} text
 * @param {(target: string) => string} change
 */
export function changeLinks(text, change) {
  const prose = withoutBlocks(text).replace(SPAN, blank);
  let changed = '';
  let end = 0;
  for (const found of prose.matchAll(LINK)) {
    const target = found[2] ?? found[5];
    const begin = found.index + (found[1] ?? found[4]).length;
    changed += text.slice(end, begin) + change(target);
    end = begin + target.length;
  }
  return changed + text.slice(end);
}

/**
 * The names by which links reach the headings of a page, as forges and mdBook make them.
 * @param {string} text
 */
export function anchors(text) {
  const seen = new Map();
  return new Set([...withoutBlocks(text).matchAll(/^#{1,6} +(.*?) *#*$/gm)].map(([, heading]) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const name = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before ? `${name}-${before}` : name;
  }));
}

/**
 * A link of a page: the path that it leads to, below the repository's folder, and the anchor there.
 * @param {string} page
 * @param {string} target
 */
export function resolved(page, target) {
  const [path, anchor] = target.split('#');
  return { path: path ? normalize(join(dirname(page), path)) : page, anchor };
}

/** Whether a link leads out of the repository; a path of Rust's does not. @param {string} target */
export const leadsOut = (target) => /^[a-z][a-z\d+.-]*:(?!:)/i.test(target);
