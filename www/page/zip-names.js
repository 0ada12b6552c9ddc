/**
 * The names of the files in a zip, as its directory at its end has them: enough to tell a zip of documents from a model, without
 * reading a model of hundreds of megabytes. The engine, which reads zips, checks them.
 */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
/** Bytes of the end record without its comment, and the longest comment. */
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
/** The largest directory that is looked into: of some hundred thousand files. */
const LARGEST_DIRECTORY = 32 << 20;

/**
 * @param {Blob} file
 * @returns {Promise<string[] | null>} null if it has no such directory, or one in the form of very large zips
 */
export async function zipNames(file) {
  const from = Math.max(0, file.size - END_BYTES - LONGEST_COMMENT);
  const tail = new DataView(await file.slice(from).arrayBuffer());
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) return null;
  const [size, offset] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (size > LARGEST_DIRECTORY || offset + size > file.size) return null;
  const directory = new DataView(await file.slice(offset, offset + size).arrayBuffer());
  const decoder = new TextDecoder();
  const names = [];
  for (let entry = 0; entry + 46 <= directory.byteLength && directory.getUint32(entry, true) === ENTRY; ) {
    const [name, extra, comment] = [28, 30, 32].map((place) => directory.getUint16(entry + place, true));
    if (entry + 46 + name > directory.byteLength) return null;
    names.push(decoder.decode(new Uint8Array(directory.buffer, entry + 46, name)));
    entry += 46 + name + extra + comment;
  }
  return names;
}
