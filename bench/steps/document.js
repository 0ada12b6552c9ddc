import { loadTransformers } from '../engines.js';
import { interleave, summaries } from '../measure.js';
import { longDocument } from '../texts.js';
import { WINDOW } from './agreement.js';

const CHARACTERS = 10_000;

/**
 * A long document from text to spans, by the public APIs: `Annotator` of www/glossa, and the token-classification pipeline of
 * transformers.js with its default weights (q8). That pipeline reads only one window, so it gets the text split between
 * sentences; the splitting is not timed.
 */
export async function document10k({ rounds, tell }) {
  const { Annotator } = await import('/www/glossa/index.js');
  const text = longDocument(CHARACTERS);
  tell('loading ours');
  const annotator = await Annotator.create({ model: '/www/models/cellular/', workers: 1 });
  tell('loading transformers.js');
  const { pipeline } = await loadTransformers();
  const classify = await pipeline('token-classification', 'cellular', { device: 'wasm' });
  const longest = (limit) => partsOf(text, (part) => classify.tokenizer.encode(part).length <= limit);
  const parts = { [`windows of ${WINDOW}`]: longest(WINDOW), 'windows of 512': longest(512) };
  const found = {};
  const contenders = {
    ours: async () => (found.ours = (await annotator.annotate(text)).chunks.length),
  };
  for (const [name, list] of Object.entries(parts)) {
    const key = `transformers.js, ${name}`;
    contenders[key] = async () => {
      found[key] = 0;
      for (const part of list) {
        const entities = await classify(part);
        found[key] += entities.filter(({ entity }) => entity.startsWith('B-')).length;
      }
    };
  }
  const times = await interleave(contenders, { rounds, warmup: 2, onRound: (done) => tell(`round ${done} of ${rounds}`) });
  annotator.dispose();
  return { times: summaries(times), characters: text.length, entities: found };
}

/** Joins whole sentences into the longest runs that `fits` accepts. */
function partsOf(text, fits) {
  const parts = [];
  let part = '';
  for (const sentence of text.match(/\S[^.]*(?:\.(?!\s)[^.]*)*\.?\s*/g)) {
    if (part && !fits(part + sentence)) {
      parts.push(part);
      part = '';
    }
    part += sentence;
  }
  return [...parts, part];
}
