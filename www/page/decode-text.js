/** From a file's bytes to its text. */

/** @typedef {'UTF-8' | 'UTF-16' | 'Windows-1252'} Encoding */

/**
 * The text, without its byte order mark. Bytes that are not UTF-8 are taken for Windows-1252, of which Latin-1 is a
 * part: any bytes can be read so, which makes it a guess to be told.
 * @param {Uint8Array} bytes
 * @returns {{ text: string, encoding: Encoding } | null} null if the bytes are no text
 */
export function decodeText(bytes) {
  const found = decoded(bytes);
  return found && isText(found.text) ? found : null;
}

/**
 * @param {Uint8Array} bytes
 * @returns {{ text: string, encoding: Encoding } | null}
 */
function decoded(bytes) {
  const wide = utf16(bytes);
  if (wide) return { text: new TextDecoder(wide).decode(bytes), encoding: 'UTF-16' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'UTF-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'Windows-1252' };
  }
}

/** Bytes that are looked at for their zeros. */
const SAMPLE = 4096;

/**
 * Whether bytes are UTF-16, and in which order: by the byte order mark, or else by their zeros, every second byte of
 * Latin letters.
 * @param {Uint8Array} bytes
 */
function utf16(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe && !(bytes[2] === 0 && bytes[3] === 0)) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const zeros = [0, 0];
  const sample = bytes.subarray(0, SAMPLE);
  sample.forEach((byte, i) => (zeros[i % 2] += Number(byte === 0)));
  const many = sample.length / 4;
  if (zeros[0] === 0 && zeros[1] > many) return 'utf-16le';
  return zeros[1] === 0 && zeros[0] > many ? 'utf-16be' : null;
}

/**
 * Whether it is written text: no control characters but white space, of which binary files are full. A few may be what
 * a PDF left in a text that was copied from it.
 * @param {string} text
 */
function isText(text) {
  // eslint-disable-next-line no-control-regex
  const controls = text.match(/[\0-\x08\x0e-\x1f\x7f]/g)?.length ?? 0;
  return !text.includes('\0') && controls <= text.length / 1000;
}
