/**
 * The document with its marks. A long one is cut into spans: all of its text is there from the start, so that a browser finds
 * and copies it, but the marks of a span are made when it comes near the screen, and taken away when too many are far from it.
 */

import { element } from './element.js';
import { replaceChanged } from './replace-changed.js';
import { slices } from './slices.js';
import { editedSpan, movedSpans, spanEnd } from './spans.js';
import { editBetween } from './text-edit.js';

/** @typedef {import('./judging/findings.js').Finding} Finding */
/** @typedef {(entity: string) => number} Hue */

/**
 * What is drawn of an annotation, and how.
 * @typedef {object} Drawing
 * @property {string} text
 * @property {Finding[]} chunks in the order of the text
 * @property {number} [truncatedFrom]
 * @property {Hue} hue
 * @property {Set<string>} hidden entities whose highlights are switched off
 */

/**
 * A part of the document. `first` and `after` are the indices of its first chunk and of the one after its last.
 * @typedef {{ begin: number, end: number, first: number, after: number, element: HTMLElement }} Span
 */

/** Marks that are made at once: a few milliseconds' work. */
const AT_ONCE = 2000;
/** Marks that are kept; above that, those far from the screen go, the first that were made first. */
const MOST = 20_000;
/** Spans of a document, above which they are made longer: a browser looks at each whenever the page scrolls. */
const MOST_SPANS = 2500;
/** How far from the screen marks are made, so that one who scrolls does not see it. */
const NEAR = '100% 0%';

export class DocumentView {
  #target;
  /** @type {Drawing} */
  #drawing = { text: '', chunks: [], hue: () => 0, hidden: new Set() };
  /** @type {Span[]} */
  #spans = [];
  /** Whether all spans are in the document. */
  #isWhole = false;
  /** @type {Map<Element, Span>} spans by their elements */
  #of = new Map();
  /** @type {Map<number, HTMLElement[]>} marks that are there, by the index of their chunk: several where it lies across another */
  #marks = new Map();
  /** @type {WeakMap<Element, number>} */
  #indices = new WeakMap();
  /** @type {Set<Span>} spans that have their marks, those drawn first in front */
  #drawn = new Set();
  /** The chunk whose mark is emphasised; -1 for none. */
  #active = -1;
  /** @type {Set<Span>} spans on the screen or near it */
  #near = new Set();
  #observer;

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#target = target;
    const margins = { rootMargin: NEAR, scrollMargin: NEAR };
    this.#observer = new IntersectionObserver((changes) => this.#move(changes), margins);
    // Paper has no screen to be near to.
    addEventListener('beforeprint', () => this.#drawUpTo(MOST));
  }

  /**
   * Fills the element. Its text content is exactly the drawing's: labels are drawn by the style sheet. What was there before stays
   * until the new document is made.
   * @param {Drawing} drawing
   * @returns {Promise<void>} when it is there, or another one has been asked for
   */
  async show(drawing) {
    this.#observer.disconnect();
    this.#isWhole = false;
    this.#drawing = drawing;
    this.#active = -1;
    this.#spans = [];
    for (const kept of [this.#of, this.#marks, this.#drawn, this.#near]) kept.clear();
    this.#cut(drawing);
    const { text } = drawing;
    const pause = slices();
    const fragment = new DocumentFragment();
    // A short text needs no part.
    if (this.#spans.length === 1) this.#spans[0].element = this.#target;
    else fragment.append(...this.#spans.map(({ element }) => element));
    for (const span of this.#spans) {
      if (span.after <= AT_ONCE) this.#draw(span);
      else span.element.append(text.slice(span.begin, span.end));
      await pause();
      if (this.#drawing !== drawing) return;
    }
    this.#isWhole = true;
    if (this.#spans.length === 1) return;
    this.#target.replaceChildren(fragment);
    if (this.#drawn.size < this.#spans.length) for (const { element } of this.#spans) this.#observer.observe(element);
  }

  /**
   * Shows other chunks, of the same text or of one that has been edited: what has not changed stays as it is, element by element.
   * @param {Drawing} drawing
   * @returns {Promise<void>} when it is there, or another one has been asked for
   */
  async update(drawing) {
    const before = this.#drawing;
    const edit = before.text === drawing.text ? null : editBetween(before.text, drawing.text);
    const places = this.#isWhole ? movedSpans(this.#spans, edit ?? nowhere(drawing.text), drawing.chunks) : null;
    if (!places) {
      await this.show(drawing);
      return;
    }
    const edited = edit ? editedSpan(this.#spans, edit) : -1;
    this.#drawing = drawing;
    this.#active = -1;
    this.#marks.clear();
    this.#spans.forEach((span, i) => {
      const { begin, first, after } = span;
      Object.assign(span, places[i]);
      const isAsBefore = i !== edited && isAlike(before, [first, after], drawing, [span.first, span.after], span.begin - begin);
      if (!this.#drawn.has(span)) {
        if (i === edited) this.#undraw(span);
      } else if (isAsBefore) {
        this.#renumber(span, first);
      } else {
        this.#draw(span);
      }
    });
  }

  /**
   * Gives the marks of a span, which are as they were, the indices and places that their chunks now have.
   * @param {Span} span
   * @param {number} first the index that the first of them had
   */
  #renumber(span, first) {
    for (const mark of span.element.getElementsByTagName('mark')) {
      mark.classList.remove('active');
      const index = (this.#indices.get(mark) ?? 0) - first + span.first;
      const { begin, end } = this.#drawing.chunks[index];
      if (mark.dataset.begin !== String(begin)) Object.assign(mark.dataset, { begin, end });
      this.#take(mark, index);
    }
  }

  /**
   * @param {HTMLElement} mark
   * @param {number} index of its chunk
   */
  #take(mark, index) {
    this.#indices.set(mark, index);
    const marks = this.#marks.get(index);
    if (marks) marks.push(mark);
    else this.#marks.set(index, [mark]);
  }

  /**
   * Where a range is in the text, in code units; null if it is not all in the document.
   * @param {Range} range
   * @returns {{ begin: number, end: number } | null}
   */
  placeOf(range) {
    if (!this.#target.contains(range.commonAncestorContainer)) return null;
    const at = (/** @type {Node} */ node, /** @type {number} */ offset) => {
      // Of a long text only the part around is counted.
      const around = (node instanceof Element ? node : node.parentElement)?.closest('.text-span') ?? this.#target;
      const before = new Range();
      before.setStart(around, 0);
      before.setEnd(node, offset);
      return (this.#of.get(around)?.begin ?? 0) + before.toString().length;
    };
    return { begin: at(range.startContainer, range.startOffset), end: at(range.endContainer, range.endOffset) };
  }

  /**
   * The range of a part of the text; null if it is not in the document.
   * @param {number} begin
   * @param {number} end
   */
  rangeOf(begin, end) {
    const range = new Range();
    const from = this.#nodeAt(begin, true);
    const to = this.#nodeAt(end, false);
    if (!from || !to) return null;
    range.setStart(...from);
    range.setEnd(...to);
    return range;
  }

  /**
   * The text node in which a position is, and where in it.
   * @param {number} at
   * @param {boolean} isBegin whether at the end of a node the next one counts
   * @returns {[node: Text, offset: number] | null}
   */
  #nodeAt(at, isBegin) {
    const isIn = (/** @type {{ begin: number, end: number }} */ { begin, end }) => (isBegin ? begin <= at && at < end : begin < at && at <= end);
    const span = this.#spans.find(isIn);
    if (!span) return null;
    const walker = document.createTreeWalker(span.element, NodeFilter.SHOW_TEXT);
    for (let { begin } = span; walker.nextNode(); ) {
      const node = /** @type {Text} */ (walker.currentNode);
      const end = begin + node.length;
      if (isIn({ begin, end })) return [node, at - begin];
      begin = end;
    }
    return null;
  }

  /** @param {Drawing} drawing */
  #cut({ text, chunks }) {
    const least = Math.ceil(text.length / MOST_SPANS);
    for (let begin = 0, next = 0; begin < text.length; ) {
      const end = spanEnd(text, begin, chunks, next, least);
      const first = next;
      while (next < chunks.length && chunks[next].end <= end) next += 1;
      const span = { begin, end, first, after: next, element: element('div', { class: 'text-span' }) };
      // Close to its height in lines, so that the scroll bar does not jump.
      span.element.style.setProperty('--lines', String(Math.ceil((end - begin) / 70)));
      this.#spans.push(span);
      this.#of.set(span.element, span);
      begin = end;
    }
  }

  /**
   * The mark of a chunk, which is made if it is not there, and whether it is on the screen or near it.
   * @param {number} index
   */
  mark(index) {
    const span = this.#spanOf(index);
    if (span && !this.#drawn.has(span)) this.#draw(span);
    // Of a document whose spans are all drawn none is watched.
    const isNear = !this.#near.size || Boolean(span && this.#near.has(span));
    return { mark: this.#marks.get(index)?.[0], isNear };
  }

  /**
   * Emphasises the mark of a chunk, now or when it is made, instead of the one before.
   * @param {number} index -1 for none
   */
  activate(index) {
    for (const mark of this.#marks.get(this.#active) ?? []) mark.classList.remove('active');
    for (const mark of this.#marks.get(index) ?? []) mark.classList.add('active');
    this.#active = index;
  }

  /**
   * The index of the chunk whose mark an event's target is in; -1 if it is in none.
   * @param {Event} event
   */
  indexAround({ target }) {
    const found = target instanceof Element ? target.closest('mark') : null;
    return (found && this.#indices.get(found)) ?? -1;
  }

  /**
   * Shows the highlights of an entity as the drawing's `hidden` now has it.
   * @param {string} entity
   */
  updateHidden(entity) {
    for (const mark of [...this.#marks.values()].flat()) {
      if (mark.dataset.entity === entity) mark.toggleAttribute('data-hidden', this.#drawing.hidden.has(entity));
    }
  }

  /** @param {number} index of a chunk */
  #spanOf(index) {
    let low = 0;
    for (let high = this.#spans.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle].after <= index) low = middle + 1;
      else high = middle;
    }
    return /** @type {Span | undefined} */ (this.#spans[low]);
  }

  /** @param {IntersectionObserverEntry[]} changes */
  #move(changes) {
    for (const { target, isIntersecting } of changes) {
      const span = this.#of.get(target);
      if (!span) continue;
      if (isIntersecting) this.#near.add(span);
      else this.#near.delete(span);
    }
    for (const span of this.#near) if (!this.#drawn.has(span)) this.#draw(span);
    this.#tidy();
  }

  /** Takes marks away that are far from the screen, if there are too many. */
  #tidy() {
    if (this.#marks.size <= MOST) return;
    const selection = getSelection();
    for (const span of this.#drawn) {
      // A selection would lose its ends, and the keyboard its place.
      const inUse = selection?.containsNode(span.element, true) || span.element.contains(document.activeElement);
      if (this.#near.has(span) || inUse) continue;
      this.#undraw(span);
      if (this.#marks.size <= MOST) return;
    }
  }

  /** @param {number} most marks */
  #drawUpTo(most) {
    for (const span of this.#spans) {
      if (this.#marks.size + span.after - span.first > most) return;
      if (!this.#drawn.has(span)) this.#draw(span);
    }
  }

  /** @param {Span} span */
  #undraw(span) {
    this.#drawn.delete(span);
    for (let i = span.first; i < span.after; i++) this.#marks.delete(i);
    span.element.replaceChildren(this.#drawing.text.slice(span.begin, span.end));
  }

  /** @param {Span} span */
  #draw(span) {
    const { text, chunks, truncatedFrom = text.length } = this.#drawing;
    const fragment = new DocumentFragment();
    /** @type {{ node: ParentNode, end: number }[]} the marks that are open, the outermost first */
    const open = [{ node: fragment, end: span.end }];
    let at = span.begin;
    const plain = (/** @type {number} */ to) => {
      const { node } = open[open.length - 1];
      const read = Math.max(at, Math.min(to, truncatedFrom));
      if (at < read) node.append(text.slice(at, read));
      if (read < to) node.append(element('span', { class: 'unread' }, text.slice(read, to)));
      at = to;
    };
    const close = (/** @type {number} */ until) => {
      while (open.length > 1 && open[open.length - 1].end <= until) {
        plain(open[open.length - 1].end);
        open.pop();
      }
    };
    const pieces = piecesOf(chunks, span.first, span.after);
    for (let next = 0; next < pieces.length; next++) {
      const { index, begin, end, isFirst } = pieces[next];
      close(begin);
      plain(begin);
      const room = open[open.length - 1].end;
      const mark = this.#mark(index, isFirst);
      if (end > room) insert(pieces, next + 1, { index, begin: room, end, isFirst: false });
      open[open.length - 1].node.append(mark);
      open.push({ node: mark, end: Math.min(end, room) });
    }
    close(span.end);
    plain(span.end);
    if (this.#drawn.has(span)) {
      replaceChanged(span.element, fragment, (kept, made) => kept instanceof HTMLElement && this.#stay(kept, made));
    } else {
      span.element.replaceChildren(fragment);
    }
    this.#drawn.add(span);
  }

  /**
   * Takes a mark that stays instead of one that was made.
   * @param {HTMLElement} kept
   * @param {Element} made
   */
  #stay(kept, made) {
    const index = this.#indices.get(made);
    const marks = index === undefined ? undefined : this.#marks.get(index);
    if (!marks || index === undefined) return;
    kept.classList.toggle('active', made.classList.contains('active'));
    marks[marks.findIndex((mark) => mark === made)] = kept;
    this.#indices.set(kept, index);
  }

  /**
   * @param {number} index of a chunk
   * @param {boolean} isFirst whether it is the first mark of the chunk
   */
  #mark(index, isFirst) {
    const { chunks, hue, hidden } = this.#drawing;
    const { begin, end, entity, confidence, state, layer } = chunks[index];
    const certain = confidence === undefined ? '' : `, confidence ${confidence.toFixed(2)}`;
    const mark = element('mark', {
      'data-entity': entity,
      'data-begin': begin,
      'data-end': end,
      'data-hue': hue(entity),
      'data-hidden': hidden.has(entity) ? '' : null,
      'data-judged': state,
      'data-layer': layer,
      'data-part': isFirst ? null : '',
      title: `${entity}${state ? `, ${state}` : ''}${certain}${layer && !state ? `, ${layer}` : ''}`,
    });
    if (index === this.#active) mark.classList.add('active');
    this.#take(mark, index);
    return mark;
  }
}

/** @typedef {{ index: number, begin: number, end: number, isFirst: boolean }} Piece */

/**
 * The pieces that chunks lie in, in order: those that begin first, and of these the longest.
 * @param {Finding[]} chunks
 * @param {number} first
 * @param {number} after
 * @returns {Piece[]}
 */
function piecesOf(chunks, first, after) {
  /** @type {Piece[]} */
  const pieces = [];
  for (let index = first; index < after; index++) {
    const { begin, end, spans = [{ begin, end }] } = chunks[index];
    spans.forEach((span, i) => pieces.push({ index, begin: span.begin, end: span.end, isFirst: i === 0 }));
  }
  return pieces.sort((one, other) => one.begin - other.begin || other.end - one.end);
}

/**
 * Puts a piece among those that follow, where it belongs.
 * @param {Piece[]} pieces
 * @param {number} from
 * @param {Piece} piece
 */
function insert(pieces, from, piece) {
  let at = from;
  while (at < pieces.length && (pieces[at].begin < piece.begin || (pieces[at].begin === piece.begin && pieces[at].end > piece.end))) at += 1;
  pieces.splice(at, 0, piece);
}

/**
 * An edit that changes nothing.
 * @param {string} text
 * @returns {import('./text-edit.js').Edit}
 */
const nowhere = ({ length }) => ({ begin: length, end: length, shift: 0 });

/**
 * Whether chunks of one drawing look as those of another do.
 * @param {Drawing} before
 * @param {[first: number, after: number]} chunksBefore
 * @param {Drawing} now
 * @param {[first: number, after: number]} chunksNow
 * @param {number} shift how far their text has moved
 */
function isAlike(before, [first, after], now, [firstNow, afterNow], shift) {
  if (after - first !== afterNow - firstNow || before.truncatedFrom !== now.truncatedFrom || before.hue !== now.hue) return false;
  for (let i = first, j = firstNow; i < after; i++, j++) {
    const [one, other] = [before.chunks[i], now.chunks[j]];
    if (one === other && !shift) continue;
    if (one.begin + shift !== other.begin || one.end + shift !== other.end || one.spans?.length !== other.spans?.length) return false;
    const same = /** @type {const} */ (['entity', 'confidence', 'state', 'layer']).every((name) => one[name] === other[name]);
    if (!same) return false;
  }
  return true;
}
