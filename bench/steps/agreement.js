/** Checks that the engines agree on labels, so that the same work is timed. */

import { loadTransformers } from '../engines.js';

export const WINDOW = 128;

/**
 * A text that fills a window exactly: it has `pieces` word pieces, `[CLS]` and `[SEP]` included.
 * @param {{ label: Function }} ours a model loaded in Glossa, which tokenises the texts
 * @param {string[]} texts candidates, which may be cut after a token
 * @returns {Promise<{ text: string, ids: number[], tokens: { label: string, piece: number }[] }>} `piece` is the index
 *   of a token's first word piece in `ids`
 */
export async function exactWindow(ours, texts, shape, pieces) {
  const { AutoTokenizer } = await loadTransformers();
  const tokenizer = await AutoTokenizer.from_pretrained(shape);
  const idsOf = (text) => Array.from(tokenizer.encode(text, { add_special_tokens: false }));
  const [start, end] = [tokenizer.encode('')].map((ids) => Array.from(ids)).flat();
  for (const whole of texts) {
    const ids = [start];
    for (const token of ours.label(whole, { mode: 'window' })) {
      ids.push(...idsOf(whole.slice(token.begin, token.end)));
      if (ids.length > pieces - 1) break;
      if (ids.length < pieces - 1) continue;
      const text = whole.slice(0, token.end);
      ids.push(end);
      const tokens = [];
      let piece = 1;
      for (const { begin, end, label } of ours.label(text, { mode: 'truncate' })) {
        tokens.push({ label, piece });
        piece += idsOf(text.slice(begin, end)).length;
      }
      return { text, ids, tokens };
    }
  }
  throw new Error(`no text can be cut to ${pieces} word pieces`);
}

/** The share of tokens whose label by the peer's logits equals ours. */
export function agreement(tokens, logits, names) {
  const width = names.length;
  const same = tokens.filter(({ label, piece }) => {
    const row = logits.subarray(piece * width, (piece + 1) * width);
    return names[row.indexOf(Math.max(...row))] === label;
  });
  return same.length / tokens.length;
}
