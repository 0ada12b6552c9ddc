/** Where a person judges: the bar below the document for the finding that is selected, and the keys. */

import { counted } from '../counted.js';
import { choices, element } from '../element.js';
import { OF_FILE, wordEdge } from './findings.js';
import { movedEnd } from './judge.js';

/** @typedef {import('./findings.js').Finding} Finding */
/** @typedef {import('./judge.js').Judge} Judge */
/** @typedef {import('./judge.js').Verdict} Verdict */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} bar
 * @property {HTMLElement} what says what is selected
 * @property {HTMLButtonElement} accept
 * @property {HTMLButtonElement} reject
 * @property {HTMLButtonElement} add
 * @property {HTMLSelectElement} entity
 * @property {HTMLInputElement} newEntity takes the name of an entity that is not in the list
 * @property {HTMLElement} ends holds the buttons that move an end
 * @property {HTMLSelectElement} by whether an end is moved by words or characters
 * @property {HTMLButtonElement} next
 * @property {HTMLButtonElement} previous
 * @property {HTMLButtonElement} leastCertain
 * @property {HTMLButtonElement} undo
 * @property {HTMLButtonElement} redo
 * @property {HTMLElement} same offers the same decision for what is alike
 * @property {HTMLElement} keys a popover that lists the keys
 * @property {HTMLElement} document
 * @property {HTMLElement} table
 */

/** The choice of an entity that is not in the list. */
const ANOTHER = '\0';
/** Characters of a finding's text that the bar shows. */
const SHOWN = 80;

export class JudgeBar {
  #elements;
  #judge;
  #results;
  #hasDocuments;
  /** What is selected in the text, to be added. @type {{ begin: number, end: number } | null} */
  #draft = null;
  /** The entity that was chosen last. */
  #entity = '';
  /** Entities that a person has named. @type {Set<string>} */
  #named = new Set();
  /** What was decided last, about what, if it is offered for what is alike. @type {{ one: Finding, verdict: Verdict } | null} */
  #offered = null;
  /** Whether one judges: the bar stays when nothing is selected. */
  isOn = false;

  /**
   * @param {Elements} elements
   * @param {Judge} judge
   * @param {import('../result-view.js').ResultView} results
   * @param {() => boolean} hasDocuments whether there are other documents
   */
  constructor(elements, judge, results, hasDocuments) {
    this.#elements = elements;
    this.#judge = judge;
    this.#results = results;
    this.#hasDocuments = hasDocuments;
    const { accept, reject, add, entity, newEntity, ends, next, previous, leastCertain, undo, redo } = elements;
    accept.addEventListener('click', () => this.#decide({ verdict: 'accepted' }));
    reject.addEventListener('click', () => this.#decide({ verdict: 'rejected' }));
    add.addEventListener('click', () => this.#add());
    entity.addEventListener('change', () => {
      newEntity.hidden = entity.value !== ANOTHER;
      if (newEntity.hidden) this.#relabel(entity.value);
      else newEntity.focus();
    });
    newEntity.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') this.#name(newEntity.value.trim());
      else if (key === 'Escape') this.#name('');
    });
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (ends.querySelectorAll('button'))) {
      const { end, direction } = button.dataset;
      button.addEventListener('click', () =>
        this.#move(/** @type {'begin' | 'end'} */ (end), direction === '1' ? 1 : -1, /** @type {'word' | 'character'} */ (elements.by.value)),
      );
    }
    next.addEventListener('click', () => results.table.step(1));
    previous.addEventListener('click', () => results.table.step(-1));
    leastCertain.addEventListener('click', () => results.table.goToLeastCertain());
    undo.addEventListener('click', () => judge.undo());
    redo.addEventListener('click', () => judge.redo());
    // A press on a button must not take the selection in the text away.
    elements.bar.addEventListener('pointerdown', (event) => {
      if (event.target instanceof Element && event.target.closest('button')) event.preventDefault();
    });
    document.addEventListener('selectionchange', () => this.#readSelection());
    for (const part of [elements.document, elements.table]) part.addEventListener('keydown', (event) => this.#takeKey(event), { capture: true });
    document.addEventListener('keydown', (event) => this.#takeAnywhere(event));
  }

  /** Draws it again: something else is shown or selected, or something has been decided. */
  update() {
    const { bar, what, accept, reject, add, entity, newEntity, ends, undo, redo, next, previous, leastCertain } = this.#elements;
    const { table, shown } = this.#results;
    const selected = this.#selected;
    const draft = this.#draft;
    if (this.#judge.canUndo) this.isOn = true;
    bar.hidden = !shown || !this.#judge.isPossible || !(selected || draft || this.isOn);
    if (bar.hidden) return;
    const state = selected?.state;
    what.replaceChildren(...this.#words(selected));
    accept.hidden = reject.hidden = !selected;
    accept.setAttribute('aria-pressed', String(state === 'accepted'));
    reject.setAttribute('aria-pressed', String(state === 'rejected'));
    add.hidden = !draft;
    ends.hidden = entity.hidden = !selected && !draft;
    const entities = this.#entities;
    if (!entities.includes(this.#entity)) this.#entity = entities[0] ?? '';
    const offered = entities.map((name, i) => /** @type {[string, string]} */ ([name, i < 9 ? `${i + 1} ${name}` : name]));
    choices(entity, [...offered, [ANOTHER, 'another…']]);
    // A name is being written.
    if (document.activeElement !== newEntity) {
      entity.value = selected?.entity ?? this.#entity;
      newEntity.hidden = entity.hidden || entity.value !== ANOTHER;
    }
    undo.disabled = !this.#judge.canUndo;
    redo.disabled = !this.#judge.canRedo;
    const { length } = table.wanted;
    next.disabled = previous.disabled = leastCertain.disabled = !length;
    this.#drawSame();
  }

  /** The entities that are offered. */
  get #entities() {
    return [...new Set([...this.#results.entities, ...this.#named])];
  }

  /** @param {string} name of an entity that is not in the list; empty if it is to be none */
  #name(name) {
    const { entity, newEntity } = this.#elements;
    newEntity.value = '';
    if (name) {
      this.#named.add(name);
      this.#entity = name;
    }
    entity.focus();
    this.update();
    if (name) this.#relabel(name);
  }

  /** @returns {Finding | undefined} what is selected, if no part of the text is */
  get #selected() {
    return this.#draft ? undefined : this.#results.table.selected;
  }

  /** @param {Finding | undefined} selected */
  #words(selected) {
    const text = this.#results.shown?.text ?? '';
    const quoted = (/** @type {string} */ words) => element('q', { dir: 'auto', translate: 'no' }, words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words);
    if (this.#draft) return [quoted(text.slice(this.#draft.begin, this.#draft.end)), ' is to be added as:'];
    if (!selected) return ['Choose a mark to judge it, or select words to add them.'];
    const { entity, confidence, state, layer, decision } = selected;
    const certain = confidence === undefined ? '' : `, confidence ${confidence.toFixed(2)}`;
    const by = layer ?? this.#results.shown?.model;
    const who = decision ? (decision.of ? `${state} by hand` : 'added by hand') : `suggested by ${by === OF_FILE ? 'the file' : (by ?? 'the model')}`;
    return [quoted(selected.text), ` ${entity}${certain}, ${who}`];
  }

  #drawSame() {
    const { same } = this.#elements;
    const offered = this.#offered;
    const here = offered ? this.#judge.alike(offered.one).length : 0;
    const selected = this.#selected;
    const isOffered = selected?.decision && selected.text === offered?.one.text;
    same.hidden = !isOffered || (!here && !this.#hasDocuments());
    if (same.hidden || !offered) return;
    const { one, verdict } = offered;
    const button = (/** @type {string} */ id, /** @type {string} */ words, /** @type {() => unknown} */ act) => {
      const made = element('button', { type: 'button', class: 'quiet', 'data-testid': id }, words);
      made.addEventListener('click', act);
      return made;
    };
    const buttons = [];
    if (here) {
      buttons.push(button('same-here', `${counted(here, 'other')} here`, () => this.#judge.decide(this.#judge.alike(one), verdict)));
    }
    if (this.#hasDocuments()) buttons.push(button('same-everywhere', 'those in all documents', () => this.#decideEverywhere(one, verdict)));
    const how = verdict.entity ? `as ${verdict.entity}` : verdict.verdict;
    same.replaceChildren(`${one.entity} “${one.text.slice(0, SHOWN)}” ${how}: the same for `, ...buttons.flatMap((made) => [made, ' ']));
  }

  /**
   * @param {Finding} one
   * @param {Verdict} verdict
   */
  async #decideEverywhere(one, verdict) {
    const { same } = this.#elements;
    same.textContent = 'Looking in all documents …';
    const { count, documents } = await this.#judge.decideEverywhere(one, verdict);
    this.#offered = null;
    same.hidden = false;
    same.textContent = count ? `Decided so: ${counted(count, 'other')} in ${counted(documents, 'document')}.` : 'There is no other.';
  }

  /** @param {Verdict} verdict */
  #decide(verdict) {
    const selected = this.#selected;
    if (!selected) return;
    const { decision } = selected;
    // What is alike is so by what was suggested.
    const of = decision?.of ?? selected;
    this.#offered = { one: { ...selected, entity: of.entity }, verdict };
    this.#judge.decide([selected], verdict);
  }

  /** @param {string} entity */
  #relabel(entity) {
    this.#entity = entity;
    const selected = this.#selected;
    if (selected && selected.entity !== entity) this.#decide({ verdict: 'accepted', entity });
  }

  async #add() {
    const draft = this.#draft;
    if (!draft) return;
    this.#draft = null;
    getSelection()?.removeAllRanges();
    await this.#judge.add({ ...draft, entity: this.#entity });
    this.update();
  }

  /**
   * @param {'begin' | 'end'} which
   * @param {1 | -1} direction
   * @param {'word' | 'character'} by
   */
  #move(which, direction, by) {
    const selected = this.#selected;
    if (selected) {
      this.#offered = null;
      this.#judge.move(selected, which, direction, by);
    } else if (this.#draft) {
      this.#select(movedEnd(this.#results.shown?.text ?? '', this.#draft, which, direction, by));
    }
  }

  /** @param {{ begin: number, end: number }} place that is to be selected in the text */
  #select({ begin, end }) {
    const range = this.#results.document.rangeOf(begin, end);
    const selection = getSelection();
    if (!range || !selection) return;
    selection.removeAllRanges();
    selection.addRange(range);
    // The browser tells of it later; a next key may come before.
    this.#draft = { begin, end };
    this.update();
  }

  /** Selects the word after the finding that is selected, or the first: it may be widened, and added. */
  #selectWord() {
    const text = this.#results.shown?.text ?? '';
    const from = this.#results.table.selected?.end ?? 0;
    const end = wordEdge(text, from, 'end', 1);
    if (end > from) this.#select({ begin: wordEdge(text, end, 'begin', -1), end });
  }

  #readSelection() {
    const { bar, document: text } = this.#elements;
    const before = this.#draft;
    const selection = getSelection();
    const range = selection?.rangeCount && !selection.isCollapsed && !text.hidden ? selection.getRangeAt(0) : null;
    const place = range && this.#results.document.placeOf(range);
    if (place) this.#draft = trimmed(this.#results.shown?.text ?? '', place);
    // A press on the bar may take the selection away; what was selected is still to be added.
    else if (!bar.matches(':focus-within')) this.#draft = null;
    if (before !== this.#draft) this.update();
  }

  /** @param {KeyboardEvent} event of the document or the table */
  #takeKey(event) {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    const isArrow = key === 'ArrowLeft' || key === 'ArrowRight';
    if (isArrow) {
      if (metaKey || event.currentTarget !== this.#elements.document || !(this.#selected || this.#draft)) return;
      this.#move(shiftKey ? 'begin' : 'end', key === 'ArrowRight' ? 1 : -1, ctrlKey || altKey ? 'character' : 'word');
    } else if (ctrlKey || metaKey || altKey) {
      return;
    } else if (this.#draft && (key === 'Enter' || key === 'Escape')) {
      if (key === 'Enter') this.#add();
      else getSelection()?.removeAllRanges();
    } else if (!this.#takeLetter(key, event)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {string} key
   * @param {Event} event whose target has the focus: what is decided is decided about what is there
   * @returns {boolean} whether something is done by it
   */
  #takeLetter(key, event) {
    /** @type {Record<string, () => unknown>} */
    const acts = {
      a: () => this.#decide({ verdict: 'accepted' }),
      r: () => this.#decide({ verdict: 'rejected' }),
      l: () => this.#elements.entity.focus(),
      m: () => this.#selectWord(),
      u: () => this.#results.table.goToLeastCertain(),
      z: () => this.#judge.undo(),
      y: () => this.#judge.redo(),
    };
    const name = key.toLowerCase();
    if (/^[1-9arl]$/i.test(key) && !this.#draft) this.#results.table.selectAround(event);
    if (/^[1-9]$/.test(key)) {
      const entity = this.#entities[Number(key) - 1];
      if (entity === undefined) return false;
      if (this.#draft) this.#elements.entity.value = this.#entity = entity;
      else this.#relabel(entity);
    } else if (Object.hasOwn(acts, name)) {
      acts[name]();
    } else {
      return false;
    }
    return true;
  }

  /** @param {KeyboardEvent} event */
  #takeAnywhere(event) {
    const { key, ctrlKey, metaKey, altKey, shiftKey, target } = event;
    if (event.defaultPrevented || altKey || (target instanceof Element && target.closest('input, textarea, select'))) return;
    const name = key.toLowerCase();
    if (key === '?' && !ctrlKey && !metaKey) this.#elements.keys.togglePopover();
    else if ((ctrlKey || metaKey) && name === 'z') shiftKey ? this.#judge.redo() : this.#judge.undo();
    else if (ctrlKey && name === 'y') this.#judge.redo();
    else return;
    event.preventDefault();
  }
}

/**
 * A place without the blanks at its ends; null if there is nothing else.
 * @param {string} text
 * @param {{ begin: number, end: number }} place
 */
function trimmed(text, { begin, end }) {
  const words = text.slice(begin, end);
  const from = begin + words.length - words.trimStart().length;
  const to = end - (words.length - words.trimEnd().length);
  return from < to ? { begin: from, end: to } : null;
}
