// Writes www/glossa/options.d.ts, the types of the options, from www/glossa/options.schema.json.
// With --check it writes nothing, and fails if the file is not what it would write.
import { readFile, writeFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';

const folder = new URL('../www/glossa/', import.meta.url);
const target = new URL('options.d.ts', folder);
const { load, annotate } = JSON.parse(await readFile(new URL('options.schema.json', folder), 'utf8'));
const { tokenizer, ...others } = load.properties;
const loadOptions = {
  ...load,
  properties: { ...others, tokenizer: { ...tokenizer, tsType: 'TokenizerOptions' } },
};
const style = { bannerComment: '', additionalProperties: false, style: { printWidth: 120, singleQuote: true } };
const parts = [
  await compile(asInterface(loadOptions), 'LoadOptions', style),
  await compile(asInterface({ ...tokenizer, description: "Spark NLP's Tokenizer parameters." }), 'TokenizerOptions', style),
  await compile(asInterface(annotate), 'AnnotateOptions', style),
];
const types = `// Made from options.schema.json by \`npm run options\`.\n\n${parts.join('\n')}`;

if (!process.argv.includes('--check')) await writeFile(target, types);
else if ((await readFile(target, 'utf8').catch(() => '')) !== types) {
  console.error('www/glossa/options.d.ts is not what options.schema.json says: run `npm run options`');
  process.exitCode = 1;
}

/** The schema without its title, by which the interface would be called, and with the default and the values of each
 *  option in its comment. */
function asInterface({ title: _, properties, ...schema }) {
  const documented = Object.entries(properties).map(([name, property]) => [name, documentedProperty(property)]);
  return { ...schema, properties: Object.fromEntries(documented) };
}

function documentedProperty({ description, oneOf, default: usual, minimum, maximum, ...property }) {
  const lines = [description];
  for (const { const: value, description } of oneOf ?? []) lines.push(`- \`${value}\`: ${description}`);
  if (minimum !== undefined && maximum !== undefined) lines.push(`From ${minimum} to ${maximum}.`);
  if (usual !== undefined) lines.push(`@default ${JSON.stringify(usual)}`);
  const values = oneOf && { enum: oneOf.map(({ const: value }) => value), type: 'string' };
  return { ...property, ...values, description: lines.join('\n') };
}
