/**
 * The chunks of a result as numbers: a browser copies these at one go into its storage, and takes seconds for as many objects.
 */

/** @typedef {import('../../glossa/index.js').Chunk & { layer?: string }} Chunk */

/**
 * @typedef {object} Packed
 * @property {Uint32Array} begins in UTF-16 code units
 * @property {Uint32Array} ends in UTF-16 code units, exclusive
 * @property {Uint32Array} entities places in `names`
 * @property {Float64Array} confidences
 * @property {string[]} names of the entities
 * @property {(string | undefined)[]} [layers] the names of the models that found them; missing if it was one
 * @property {(string | undefined)[]} [results] what chunks have beside their text; missing if none has any
 */

/**
 * @param {Chunk[]} chunks whose texts are those of their places
 * @returns {Packed}
 */
export function pack(chunks) {
  const names = [...new Set(chunks.map(({ entity }) => entity))];
  const places = new Map(names.map((name, i) => [name, i]));
  /** @type {Packed} */
  const packed = {
    begins: Uint32Array.from(chunks, ({ begin }) => begin),
    ends: Uint32Array.from(chunks, ({ end }) => end),
    entities: Uint32Array.from(chunks, ({ entity }) => /** @type {number} */ (places.get(entity))),
    confidences: Float64Array.from(chunks, ({ confidence }) => confidence),
    names,
  };
  if (chunks.some(({ result }) => result !== undefined)) packed.results = chunks.map(({ result }) => result);
  if (chunks.some(({ layer }) => layer !== undefined)) packed.layers = chunks.map(({ layer }) => layer);
  return packed;
}

/**
 * @param {Packed} packed
 * @param {string} text that was annotated
 * @returns {Chunk[]}
 */
export function unpack({ begins, ends, entities, confidences, names, results, layers }, text) {
  return Array.from(begins, (begin, i) => {
    /** @type {Chunk} */
    const chunk = { begin, end: ends[i], text: text.slice(begin, ends[i]), entity: names[entities[i]], confidence: confidences[i] };
    if (results?.[i] !== undefined) chunk.result = results[i];
    if (layers?.[i] !== undefined) chunk.layer = layers[i];
    return chunk;
  });
}
