/** Shows, for a mark that the pointer rests on or that has the focus, the scores of the best labels of each of its tokens. */

import { element } from './element.js';
import { keyOf } from './judging/findings.js';

/** @typedef {import('./judging/findings.js').Finding} Finding */
/** @typedef {NonNullable<import('../glossa/index.js').Chunk['tokens']>} Tokens */
/** @typedef {import('./result-view.js').Shown} Shown */

/** Labels of a token that are shown. */
export const BEST = 3;
/** The longest text whose scores are computed, in code units: the model reads it once more. */
const LONGEST = 20_000;
/** Milliseconds that the pointer rests on a mark before its scores are shown. */
const REST = 350;
/** Tokens of a chunk that are shown. */
const MOST_TOKENS = 8;

export class LabelScores {
  #box;
  #results;
  #compute;
  #timer = 0;
  /** The mark whose scores are shown, or are to be. @type {HTMLElement | null} */
  #mark = null;
  /** What was computed for the annotation that is shown. @type {{ shown: Shown | null, scores: Promise<Map<string, Tokens> | null> | null }} */
  #known = { shown: null, scores: null };

  /**
   * @param {{ box: HTMLElement, document: HTMLElement }} elements `box`: a popover
   * @param {import('./result-view.js').ResultView} results
   * @param {(shown: Shown) => Promise<(import('../glossa/index.js').Chunk & { layer?: string })[] | null>} compute annotates the text
   *   once more, with scores; null if that cannot be done
   */
  constructor({ box, document: text }, results, compute) {
    this.#box = box;
    this.#results = results;
    this.#compute = compute;
    text.addEventListener('pointerover', (event) => this.#enter(event, REST));
    text.addEventListener('pointerout', ({ target }) => {
      if (target === this.#mark && document.activeElement !== this.#mark) this.#leave();
    });
    text.addEventListener('focusin', (event) => this.#enter(event, 0));
    text.addEventListener('focusout', () => this.#leave());
    text.addEventListener('scroll', () => this.#follow(), { passive: true });
    addEventListener('scroll', () => this.#follow(), { passive: true });
    addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#leave();
    });
  }

  /**
   * @param {Event} event
   * @param {number} rest
   */
  #enter(event, rest) {
    const { target } = event;
    const mark = target instanceof HTMLElement ? target.closest('mark') : null;
    if (!mark || mark === this.#mark) return;
    this.#leave();
    this.#mark = mark;
    this.#timer = window.setTimeout(() => this.#show(mark, this.#results.findings[this.#results.document.indexAround(event)]), rest);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#mark = null;
    if (this.#box.matches(':popover-open')) this.#box.hidePopover();
  }

  /** Moving to a mark by keys scrolls to it: its scores go along, those of a mark under the pointer end. */
  #follow() {
    if (!this.#mark || this.#mark !== document.activeElement) this.#leave();
    else if (this.#box.matches(':popover-open')) this.#place(this.#mark);
  }

  /**
   * Puts the open box below a mark, or above it where there is no room.
   * @param {HTMLElement} mark
   */
  #place(mark) {
    const { left, bottom, top } = mark.getBoundingClientRect();
    const { width, height } = this.#box.getBoundingClientRect();
    const below = bottom + 6 + height < innerHeight;
    this.#box.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    this.#box.style.top = `${below ? bottom + 6 : Math.max(8, top - height - 34)}px`;
  }

  /**
   * @param {HTMLElement} mark
   * @param {Finding | undefined} finding
   */
  async #show(mark, finding) {
    const { shown } = this.#results;
    if (!shown || !finding || shown.text.length > LONGEST) return;
    if (this.#known.shown?.text !== shown.text || this.#known.shown.setup !== shown.setup) {
      this.#known = { shown, scores: this.#scores(shown) };
    }
    const scores = await this.#known.scores?.catch(() => null);
    // Another time the model may be there.
    if (!scores) this.#known = { shown: null, scores: null };
    const of = finding.decision?.of ?? finding;
    const tokens = scores?.get(scoreKey(of, of.layer ?? shown.model));
    if (!tokens || this.#mark !== mark || !mark.isConnected) return;
    const rows = tokens.slice(0, MOST_TOKENS).map(({ begin, end, labels }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', dir: 'auto', translate: 'no' }, shown.text.slice(begin, end)),
        ...labels.map(({ label, score }) => element('td', {}, `${label} `, element('span', {}, score.toFixed(2)))),
      ),
    );
    const left = tokens.length - rows.length;
    const more = left > 0 ? [element('p', {}, `and ${left} more`)] : [];
    this.#box.replaceChildren(element('table', {}, element('tbody', {}, ...rows)), ...more);
    this.#box.showPopover();
    this.#place(mark);
  }

  /**
   * @param {Shown} shown
   * @returns {Promise<Map<string, Tokens> | null>} null if they cannot be had now
   */
  async #scores(shown) {
    const chunks = await this.#compute(shown);
    return chunks && new Map(chunks.flatMap((chunk) => (chunk.tokens ? [[scoreKey(chunk, chunk.layer ?? shown.model), chunk.tokens]] : [])));
  }
}

/**
 * @param {import('./judging/findings.js').Place} place
 * @param {string} [model]
 */
const scoreKey = (place, model = '') => `${model}\n${keyOf(place)}`;
