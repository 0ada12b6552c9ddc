/** A person's decisions about what was found: where they are kept, how they are undone, and what can be decided at once. */

import { History } from './history.js';
import { changed, characterEdge, findings, keyOf, moved, suggested, undone, wordEdge } from './findings.js';

/** @typedef {import('./findings.js').Change} Change */
/** @typedef {import('./findings.js').Decision} Decision */
/** @typedef {import('./findings.js').Finding} Finding */
/** @typedef {import('./findings.js').Place} Place */
/** @typedef {import('./history.js').Step} Step */
/** @typedef {import('../documents/documents.js').Opened} Opened */

/**
 * What a person decides about a finding: that it is right or wrong, or what or where it is instead.
 * @typedef {{ verdict: 'accepted' | 'rejected', entity?: string, begin?: number, end?: number }} Verdict
 */

/**
 * Where decisions about documents are kept, and which of them is shown.
 * @typedef {object} Home
 * @property {() => number | null | undefined} shown the key of the document that is shown; null if nothing that is shown can be judged,
 *   as it is of another text; undefined if it is a single text
 * @property {(key: number) => Promise<Decision[]>} decisions
 * @property {(key: number, decisions: Decision[]) => Promise<void>} keep
 * @property {() => AsyncGenerator<Opened>} opened all documents
 */

/** Single texts whose decisions are kept. */
const TEXTS = 20;

export class Judge {
  #results;
  #home;
  #history = new History();
  /** @type {Map<string, Decision[]>} about single texts, which are kept in this tab alone */
  #ofTexts = new Map();
  /** What is being done, one thing after the other. */
  #last = Promise.resolve();
  #added = 0;
  /** Is called when something has been decided. */
  onChange = () => {};

  /**
   * @param {import('../result-view.js').ResultView} results
   * @param {Home} home
   */
  constructor(results, home) {
    this.#results = results;
    this.#home = home;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /**
   * Decisions about a single text: those made about it, or about the text before, as far as it is the same.
   * @param {string} text
   * @param {string} [before]
   */
  ofText(text, before) {
    const known = this.#ofTexts.get(text);
    if (known || before === undefined) return known ?? [];
    const decided = this.#ofTexts.get(before) ?? [];
    const { decisions } = moved(decided, before, text);
    if (decisions.length) this.#keepText(text, decisions);
    // What was done was about other places.
    if (decided.length) this.forgetSteps(before);
    return decisions;
  }

  /**
   * Forgets what has been done about a document or a text, which is another one now: it cannot be undone any more.
   * @param {string | number} of
   */
  forgetSteps(of) {
    this.#history.drop(of);
    this.onChange();
  }

  /** Forgets all of it. */
  forget() {
    this.#ofTexts.clear();
    this.#history.clear();
    this.onChange();
  }

  /**
   * Decides about findings of what is shown. The same verdict once more takes the decision back.
   * @param {Finding[]} found
   * @param {Verdict} verdict
   * @returns {Promise<void>}
   */
  decide(found, verdict) {
    const of = this.#shown;
    if (of === undefined || !found.length) return this.#last;
    return this.#do(async () => {
      const decisions = await this.#decisions(of);
      const changes = found.flatMap((finding) => this.#change(finding, verdict, decisions, found.length > 1) ?? []);
      return { step: changes.length ? [{ of, changes }] : [] };
    });
  }

  /**
   * Adds what no layer has; what one has at just this place is accepted.
   * @param {Place} place
   */
  add({ begin, end, entity }) {
    const of = this.#shown;
    if (of === undefined) return this.#last;
    const there = this.#results.findings.find((finding) => keyOf(finding) === keyOf({ begin, end, entity }));
    if (there) return there.state === 'accepted' ? this.#last : this.decide([there], { verdict: 'accepted' });
    return this.#do(async () => {
      this.#added += 1;
      const time = now();
      const after = /** @type {Decision} */ ({ id: `added ${time} ${this.#added}`, verdict: 'accepted', begin, end, entity, time });
      return { step: [{ of, changes: [{ id: after.id, after }] }], isGoneTo: true };
    });
  }

  /**
   * Moves an end of a finding, and accepts it so.
   * @param {Finding} finding
   * @param {'begin' | 'end'} which
   * @param {1 | -1} direction
   * @param {'word' | 'character'} by
   */
  move(finding, which, direction, by) {
    const text = this.#results.shown?.text ?? '';
    const { begin, end } = movedEnd(text, finding, which, direction, by);
    if (begin === finding.begin && end === finding.end) return this.#last;
    return this.decide([finding], { verdict: 'accepted', begin, end });
  }

  /**
   * The undecided suggestions of what is shown that are like one: the same words, the same entity.
   * @param {Place & { text: string }} one
   */
  alike(one) {
    return this.#results.findings.filter((finding) => !finding.state && isAlike(finding, one));
  }

  /**
   * Decides about suggestions of all documents that are like one.
   * @param {Place & { text: string }} one
   * @param {Verdict} verdict
   * @returns {Promise<{ count: number, documents: number }>} about how many, in how many documents
   */
  async decideEverywhere(one, verdict) {
    let count = 0;
    let documents = 0;
    await this.#do(async () => {
      /** @type {Step} */
      const step = [];
      for await (const { entry, text, result, given, decisions } of this.#home.opened()) {
        const layers = { text, model: result?.model, chunks: result?.chunks ?? [], given: given?.mentions, decisions };
        const found = findings(layers).filter((finding) => !finding.state && isAlike(finding, one));
        const changes = found.flatMap((finding) => this.#change(finding, verdict, decisions, true, result?.model) ?? []);
        if (!changes.length) continue;
        count += changes.length;
        documents += 1;
        step.push({ of: entry.key, changes });
      }
      return { step };
    });
    return { count, documents };
  }

  undo() {
    return this.#do(async () => ({ step: this.#history.undo(), direction: -1, isGoneTo: true }));
  }

  redo() {
    return this.#do(async () => ({ step: this.#history.redo(), direction: 1, isGoneTo: true }));
  }

  /** The document that is shown, or the text that is none; undefined if there is nothing to be judged. */
  get #shown() {
    const key = this.#home.shown();
    return key === undefined ? this.#results.shown?.text : (key ?? undefined);
  }

  /** Whether what is shown can be judged. */
  get isPossible() {
    return this.#shown !== undefined;
  }

  /** @param {string | number} of */
  async #decisions(of) {
    return typeof of === 'number' ? await this.#home.decisions(of) : (this.#ofTexts.get(of) ?? []);
  }

  /**
   * @param {string} text
   * @param {Decision[]} decisions
   */
  #keepText(text, decisions) {
    this.#ofTexts.delete(text);
    this.#ofTexts.set(text, decisions);
    const [oldest] = this.#ofTexts.keys();
    if (this.#ofTexts.size > TEXTS) this.#ofTexts.delete(oldest);
  }

  /**
   * Does something after what is being done.
   * @param {() => Promise<{ step?: Step, direction?: number, isGoneTo?: boolean }>} what `direction`: -1 to undo the step, 1 to do it
   *   once more; missing for a new one. `isGoneTo`: whether what it is about is selected, if it is one finding
   */
  #do(what) {
    const done = this.#last.then(async () => {
      const { step, direction, isGoneTo } = await what();
      if (!step?.length) return;
      if (!direction) this.#history.add(step);
      for (const { of, changes } of step) await this.#apply(of, direction === -1 ? undone(changes) : changes, isGoneTo);
      this.onChange();
    });
    this.#last = done.catch(() => {});
    return done;
  }

  /**
   * @param {string | number} of
   * @param {Change[]} changes
   * @param {boolean} [isGoneTo]
   */
  async #apply(of, changes, isGoneTo) {
    const decisions = changed(await this.#decisions(of), changes);
    if (of === this.#shown) await this.#results.judge(decisions, { about: changes.length === 1 ? changes[0].id : undefined, isGoneTo });
    if (typeof of === 'number') await this.#home.keep(of, decisions);
    else this.#keepText(of, decisions);
  }

  /**
   * @param {Finding} finding
   * @param {Verdict} verdict
   * @param {Decision[]} decisions
   * @param {boolean} isOfMany whether the same verdict once more changes nothing
   * @param {string} [model] whose chunks have no layer of their own
   * @returns {Change | undefined} undefined if it is decided so already
   */
  #change(finding, { verdict, entity, begin, end }, decisions, isOfMany, model = this.#results.shown?.model ?? '') {
    const of = finding.decision ? finding.decision.of : suggested(finding, model);
    const id = finding.decision?.id ?? keyOf(finding);
    const before = decisions.find((decision) => decision.id === id);
    const place = { begin: begin ?? finding.begin, end: end ?? finding.end, entity: entity ?? finding.entity };
    const isMoved = begin !== undefined || end !== undefined;
    const spans = !isMoved && finding.spans && finding.spans.length > 1 ? { spans: finding.spans } : {};
    const isSame = before?.verdict === verdict && keyOf(before) === keyOf({ ...place, ...spans });
    // What a person added and then rejects is not there any more.
    if ((isSame && !isOfMany) || (before && !of && verdict === 'rejected')) return { id, before };
    if (isSame) return undefined;
    // What is rejected is the suggestion as it was made.
    const rejected = verdict === 'rejected' && of ? { begin: of.begin, end: of.end, entity: of.entity, ...(of.spans && { spans: of.spans }) } : null;
    return { id, before, after: { id, verdict, ...(rejected ?? { ...place, ...spans }), time: now(), ...(of && { of }) } };
  }
}

/**
 * Where a place is when one of its ends is moved; it keeps at least one character, and no blank at the end that is moved.
 * @param {string} text
 * @param {{ begin: number, end: number }} place
 * @param {'begin' | 'end'} which
 * @param {1 | -1} direction
 * @param {'word' | 'character'} by
 * @returns {{ begin: number, end: number }}
 */
export function movedEnd(text, place, which, direction, by) {
  let edge = by === 'word' ? wordEdge(text, place[which], which, direction) : characterEdge(text, place[which], direction);
  const isBlank = () => /^\s$/.test(text.charAt(which === 'begin' ? edge : edge - 1));
  while (isBlank() && edge > 0 && edge < text.length) edge += direction;
  const [begin, end] = which === 'begin' ? [edge, place.end] : [place.begin, edge];
  return begin < end ? { begin, end } : { begin: place.begin, end: place.end };
}

/**
 * @param {Finding} finding
 * @param {Place & { text: string }} one
 */
const isAlike = ({ text, entity }, one) => text === one.text && entity === one.entity;

const now = () => new Date().toISOString();
