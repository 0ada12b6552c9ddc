/** What `options.schema.json` says of each option. */

/** @typedef {'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'} Type */

/**
 * @typedef {object} Option
 * @property {'options' | 'tokenizer' | 'annotate' | 'pipeline'} at where it belongs in a pipeline file: among the options
 *   of loading or their `tokenizer`, those of annotating, or on its own
 * @property {Type} type as in JSON Schema
 * @property {string[]} [values] all values of an enumeration, and of a boolean that has no default
 * @property {unknown} [usual] the default; `undefined` where leaving the option out means something else than any value
 * @property {number} [minimum]
 * @property {number} [maximum]
 */

/**
 * The part of JSON Schema that the options are described in.
 * @typedef {object} Schema
 * @property {string} [type]
 * @property {unknown} [default]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {{ const?: unknown }[]} [oneOf]
 * @property {unknown[]} [enum]
 * @property {Record<string, Schema>} [properties]
 */

/**
 * The options by name.
 * @param {{ load: Schema, annotate: Schema }} schema
 * @returns {Map<string, Option>}
 */
export function readSchema({ load, annotate }) {
  const { tokenizer, ...others } = load.properties ?? {};
  return new Map([
    ...read(others, 'options'),
    ...read(tokenizer?.properties ?? {}, 'tokenizer'),
    ...read(annotate.properties ?? {}, 'annotate'),
  ]);
}

/**
 * @param {Record<string, Schema>} properties
 * @param {Option['at']} at
 * @returns {[string, Option][]}
 */
function read(properties, at) {
  return Object.entries(properties).map(([name, schema]) => {
    const { minimum, maximum, default: usual } = schema;
    const constants = schema.oneOf?.map(({ const: value }) => value) ?? schema.enum;
    const type = /** @type {Type} */ (schema.type ?? 'string');
    const values = constants?.map(String) ?? (type === 'boolean' && usual === undefined ? ['true', 'false'] : undefined);
    return [name, { at, type, values, usual, minimum, maximum }];
  });
}
