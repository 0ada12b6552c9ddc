// Whether bytes have a text in them, in the forms in which programs write texts.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string[]} words that occur nowhere but in the text; of letters and digits, so that escapes leave them as they are
 * @returns {(data: Buffer) => string | undefined} the form in which one of them is there, and which
 */
export function finder(words) {
  const forms = words.flatMap((word) => [
    ['plainly', word, Buffer.from(word)],
    ['as UTF-16', word, Buffer.from(word, 'utf16le')],
    ['in hexadecimal', word, Buffer.from(Buffer.from(word).toString('hex'))],
    ...[0, 1, 2].flatMap((offset) => [
      ['in base64', word, inBase64(Buffer.from(word), offset)],
      ['as UTF-16 in base64', word, inBase64(Buffer.from(word, 'utf16le'), offset)],
    ]),
  ]);
  return (data) => {
    const found = forms.find(([, , bytes]) => data.includes(bytes));
    return found && `“${found[1]}” ${found[0]}`;
  };
}

/** What of the base64 of a text tells that it has these bytes, if they begin after a number of others. */
function inBase64(bytes, offset) {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').replaceAll('=', '');
  // The letters at both ends also depend on what stands beside the bytes.
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return Buffer.from(encoded.slice(first, last));
}

/** The files below a folder. */
export function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => ({ path: join(entry.parentPath ?? entry.path, entry.name) }))
    .map(({ path }) => ({ path: path.slice(folder.length + 1), data: readFileSync(path) }));
}
