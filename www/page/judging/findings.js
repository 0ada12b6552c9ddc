/**
 * What is found in a text: the models' chunks and the annotations that came with its file, which are suggestions, and what a person
 * decided about them. Offsets are UTF-16 code units of the text, ends exclusive.
 */

import { editBetween, followed } from '../text-edit.js';

/** @typedef {import('../../glossa/index.js').Chunk} Chunk */
/** @typedef {import('../../glossa/documents.js').Mention} Mention */
/** @typedef {{ begin: number, end: number }} Span */

/**
 * Where something is, and what it is.
 * @typedef {object} Place
 * @property {number} begin
 * @property {number} end
 * @property {string} entity
 * @property {Span[]} [spans] its pieces, if it is in several
 */

/**
 * What a person decided.
 * @typedef {Place & { id: string, verdict: 'accepted' | 'rejected', time: string, of?: Suggested }} Decision `id`: the same for one
 *   suggestion or addition, however often it is decided; `time`: when, as RFC 3339 has it; `of`: the suggestion that it is about,
 *   missing if the person added it
 */

/** @typedef {Place & { by: 'model' | 'file', layer: string, confidence?: number }} Suggested a suggestion, as a decision keeps it */

/**
 * What the page shows of one thing found: a chunk, if nobody has decided about it.
 * @typedef {Place & { text: string, confidence?: number, result?: string, layer?: string, state?: 'accepted' | 'rejected',
 *   by?: 'model' | 'file' | 'person', time?: string, decision?: Decision, mention?: Mention }} Finding `state`: missing while it is
 *   undecided; `by`: who decided that it is one, missing for the model; `mention`: the annotation of the file
 */

/**
 * What was found in a text, by whom.
 * @typedef {object} Layers
 * @property {string} text
 * @property {string} [model] the name of the model whose chunks have no layer of their own
 * @property {(Chunk & { layer?: string })[]} chunks
 * @property {Mention[]} [given] annotations that came with the text
 * @property {Decision[]} [decisions]
 * @property {Set<string>} [off] layers that are switched off
 */

/** The layer of annotations that came with a file, and that of a person's decisions. */
export const OF_FILE = 'from the file';
export const OF_PERSON = 'decided by hand';

/**
 * The place as a key: two suggestions at one place are the same suggestion, whoever makes them.
 * @param {Place} place
 */
export const keyOf = ({ begin, end, entity, spans }) =>
  `${spans && spans.length > 1 ? spans.map((span) => `${span.begin}-${span.end}`).join(',') : `${begin}-${end}`} ${entity}`;

/** @type {(one: Place, other: Place) => number} */
const inOrder = (one, other) => one.begin - other.begin || other.end - one.end;

/**
 * All that is found, in the order of the text: the chunks themselves if there is nothing else. A suggestion that a person has
 * decided about is there as what was decided.
 * @param {Layers} layers
 * @returns {Finding[]}
 */
export function findings({ text, model = '', chunks, given = [], decisions = [], off = new Set() }) {
  const decided = off.has(OF_PERSON) ? [] : decisions;
  /** @type {Finding[]} */
  let found = off.size ? chunks.filter(({ layer = model }) => !off.has(layer)) : chunks;
  if (given.length && !off.has(OF_FILE)) found = [...found, ...given.map(ofFile)];
  if (!decided.length) return found === chunks ? chunks : found.sort(inOrder);
  const covered = placesOf(decided);
  const undecided = found.filter((finding) => !covered.has(keyOf(finding)));
  return [...undecided, ...decided.map((decision) => ofDecision(decision, text))].sort(inOrder);
}

/**
 * The places that decisions are about: those of the suggestions, and those that were decided for.
 * @param {Decision[]} decisions
 */
const placesOf = (decisions) => new Set(decisions.flatMap((decision) => (decision.of ? [keyOf(decision.of), keyOf(decision)] : [keyOf(decision)])));

/**
 * The place of a file's annotation.
 * @param {Mention} mention
 * @returns {Place}
 */
export function placeOf({ spans, entity }) {
  const begin = Math.min(...spans.map((span) => span.begin));
  const end = Math.max(...spans.map((span) => span.end));
  return { begin, end, entity, ...(spans.length > 1 && { spans }) };
}

/**
 * @param {Mention} mention
 * @returns {Finding}
 */
function ofFile(mention) {
  const { text, confidence } = mention;
  return { ...placeOf(mention), text, confidence, layer: OF_FILE, by: 'file', mention };
}

/**
 * Whether a finding is not rejected: what is counted and saved.
 * @param {Finding} finding
 */
export const isKept = ({ state }) => state !== 'rejected';

/**
 * Which findings are shown: all that a person decided, and the suggestions of at least a confidence. The engine compares in single
 * precision.
 * @param {number} threshold
 * @returns {(finding: Finding) => boolean}
 */
export function atLeast(threshold) {
  const least = Math.fround(threshold);
  if (!least) return () => true;
  return ({ state, confidence }) => state !== undefined || confidence === undefined || confidence >= least;
}

/**
 * @param {Decision} decision
 * @param {string} text
 * @returns {Finding}
 */
function ofDecision(decision, text) {
  const { begin, end, entity, spans, verdict, time, of } = decision;
  const pieces = spans ?? [{ begin, end }];
  const words = pieces.map((span) => text.slice(span.begin, span.end)).join(' ');
  return { begin, end, spans, text: words, entity, confidence: of?.confidence, layer: OF_PERSON, state: verdict, by: 'person', time, decision };
}

/**
 * The suggestion that a finding is, as a decision keeps it.
 * @param {Finding} finding that is undecided
 * @param {string} model the name of the model whose chunks have no layer of their own
 * @returns {Suggested}
 */
export function suggested({ begin, end, entity, spans, confidence, layer, by }, model) {
  /** @type {Suggested} */
  const kept = { begin, end, entity, by: by === 'file' ? 'file' : 'model', layer: layer ?? model };
  if (spans) kept.spans = spans;
  if (confidence !== undefined) kept.confidence = confidence;
  return kept;
}

/**
 * Decisions after some of them changed.
 * @param {Decision[]} decisions
 * @param {Change[]} changes
 *
 * @typedef {{ id: string, before?: Decision, after?: Decision }} Change one decision, before and after: missing where there is none
 */
export function changed(decisions, changes) {
  const ids = new Set(changes.map(({ id }) => id));
  const made = changes.flatMap(({ after }) => (after ? [after] : []));
  return [...decisions.filter(({ id }) => !ids.has(id)), ...made];
}

/** @param {Change[]} changes */
export const undone = (changes) => changes.map(({ id, before, after }) => ({ id, before: after, after: before }));

/** Code units before and after words by which they are found again in a text that was changed in several places. */
const CONTEXT = 12;

/**
 * Where words are that stood between two changes, or undefined if that is not certain: the words with what is around them have to be in both
 * texts just once.
 * @param {Place} place in `before`
 * @param {string} before
 * @param {string} after
 */
function found({ begin, end }, before, after) {
  for (const [left, right] of [[CONTEXT, CONTEXT], [0, CONTEXT], [CONTEXT, 0]]) {
    const from = Math.max(0, begin - left);
    const words = before.slice(from, end + right);
    const at = after.indexOf(words);
    if (at < 0 || after.indexOf(words, at + 1) >= 0 || before.indexOf(words) !== before.lastIndexOf(words)) continue;
    return at + (begin - from);
  }
  return undefined;
}

/**
 * Decisions about a text that has been changed. Those about words that are the same before and after the change go with their words;
 * those about words that were changed, or that are not to be told from others, are lost.
 * @param {Decision[]} decisions
 * @param {string} before
 * @param {string} after
 * @returns {{ decisions: Decision[], lost: number }}
 */
export function moved(decisions, before, after) {
  if (before === after || !decisions.length) return { decisions, lost: 0 };
  const edit = editBetween(before, after);
  /** @type {<Of extends Place>(place: Of) => Of | undefined} */
  const along = (place) => {
    const begin = followed(place, edit)?.begin ?? found(place, before, after);
    if (begin === undefined) return undefined;
    const shift = begin - place.begin;
    const spans = place.spans?.map((span) => ({ begin: span.begin + shift, end: span.end + shift }));
    return { ...place, begin, end: place.end + shift, ...(spans && { spans }) };
  };
  const kept = decisions.flatMap((decision) => {
    const there = along(decision);
    if (!there) return [];
    const of = decision.of && along(decision.of);
    const { of: _, ...rest } = there;
    // What is decided about a suggestion is found again by the suggestion's place.
    return [of ? { ...rest, of, id: keyOf(of) } : { ...rest, id: decision.of ? keyOf(rest) : decision.id }];
  });
  return { decisions: kept, lost: decisions.length - kept.length };
}

/**
 * How models and a person agree about one entity: `right`: what the person accepted and the models have just so; `wrong`: what they
 * have, and the person rejected, relabelled or moved; `missed`: what the person accepted, and they have not, or not just so.
 * @typedef {{ right: number, wrong: number, missed: number }} Agreement
 */

/**
 * How the models' chunks agree with the decisions, by entity. Undecided chunks do not count.
 * @param {Chunk[]} chunks
 * @param {Decision[]} decisions
 * @returns {Record<string, Agreement>}
 */
export function agreement(chunks, decisions) {
  /** @type {Map<string, Agreement>} */
  const all = new Map();
  const of = (/** @type {string} */ entity) => {
    const known = all.get(entity) ?? { right: 0, wrong: 0, missed: 0 };
    all.set(entity, known);
    return known;
  };
  if (!decisions.length) return {};
  const made = new Set(chunks.map(keyOf));
  const accepted = new Set(decisions.filter(({ verdict }) => verdict === 'accepted').map(keyOf));
  const entityOf = (/** @type {string} */ key) => key.slice(key.indexOf(' ') + 1);
  for (const key of accepted) of(entityOf(key))[made.has(key) ? 'right' : 'missed'] += 1;
  const judged = placesOf(decisions);
  for (const key of made) if (judged.has(key) && !accepted.has(key)) of(entityOf(key)).wrong += 1;
  return Object.fromEntries(all);
}

/**
 * Agreement over several documents or entities.
 * @param {Agreement[]} agreements
 * @returns {Agreement}
 */
export const sumOf = (agreements) =>
  agreements.reduce((sum, { right, wrong, missed }) => ({ right: sum.right + right, wrong: sum.wrong + wrong, missed: sum.missed + missed }), {
    right: 0,
    wrong: 0,
    missed: 0,
  });

/**
 * Precision, recall and F1 from 0 to 1; undefined where there is nothing to divide by.
 * @param {Agreement} agreement
 */
export function scores({ right, wrong, missed }) {
  const share = (/** @type {number} */ all) => (all ? right / all : undefined);
  return { precision: share(right + wrong), recall: share(right + missed), f1: right + wrong + missed ? (2 * right) / (2 * right + wrong + missed) : undefined };
}

/** What counts as one word when an end is moved: letters and digits that belong together, or another sign alone. */
const WORD = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;
/** Code units around an end in which words are looked for. */
const AROUND = 400;

/**
 * The end, or the begin, of the next word from a position on.
 * @param {string} text
 * @param {number} at
 * @param {'begin' | 'end'} which
 * @param {1 | -1} direction
 * @returns {number} `at` if there is no word that way
 */
export function wordEdge(text, at, which, direction) {
  const from = Math.max(0, at - AROUND);
  const words = [...text.slice(from, at + AROUND).matchAll(WORD)];
  const edges = words.map(({ index, 0: word }) => from + index + (which === 'end' ? word.length : 0));
  const found = direction > 0 ? edges.find((edge) => edge > at) : edges.findLast((edge) => edge < at);
  return found ?? at;
}

/**
 * The next character boundary.
 * @param {string} text
 * @param {number} at
 * @param {1 | -1} direction
 */
export function characterEdge(text, at, direction) {
  const to = Math.min(text.length, Math.max(0, at + direction));
  const isInPair = to > 0 && (text.charCodeAt(to) & 0xfc00) === 0xdc00 && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800;
  return isInPair ? to + direction : to;
}
