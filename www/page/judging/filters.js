/** Which findings the table shows, what is decided about all of them at once, and how the models agree with the decisions. */

import { number } from '../counted.js';
import { choices, element } from '../element.js';
import { scores, sumOf } from './findings.js';

/** @typedef {import('./findings.js').Finding} Finding */
/** @typedef {import('./findings.js').Agreement} Agreement */
/** @typedef {import('./judge.js').Judge} Judge */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} judging holds all of it
 * @property {HTMLInputElement} text
 * @property {HTMLSelectElement} entity
 * @property {HTMLSelectElement} confidence
 * @property {HTMLSelectElement} state
 * @property {HTMLButtonElement} accept
 * @property {HTMLButtonElement} reject
 * @property {HTMLElement} shown says how many findings there are
 * @property {HTMLElement} agreement
 * @property {HTMLButtonElement} open shows all of it before anything has been decided
 * @property {HTMLElement} results has the class `judges` while it is shown
 */

/** What the choice of confidences offers. @type {Record<string, (confidence: number) => boolean>} */
const CONFIDENCES = {
  '': () => true,
  low: (confidence) => confidence < 0.5,
  middle: (confidence) => confidence >= 0.5 && confidence < 0.9,
  high: (confidence) => confidence >= 0.9,
};

export class Filters {
  #elements;
  #results;
  #bar;
  #agreement;

  /**
   * @param {Elements} elements
   * @param {Judge} judge
   * @param {import('../result-view.js').ResultView} results
   * @param {import('./judge-bar.js').JudgeBar} bar
   * @param {() => Record<string, Agreement>} agreement of all that has been judged, by entity
   */
  constructor(elements, judge, results, bar, agreement) {
    this.#elements = elements;
    this.#results = results;
    this.#bar = bar;
    this.#agreement = agreement;
    const { text, entity, confidence, state, accept, reject, open } = elements;
    text.addEventListener('input', () => this.#filter());
    for (const choice of [entity, confidence, state]) choice.addEventListener('change', () => this.#filter());
    accept.addEventListener('click', () => judge.decide(this.#undecided, { verdict: 'accepted' }));
    reject.addEventListener('click', () => judge.decide(this.#undecided, { verdict: 'rejected' }));
    open.addEventListener('click', () => {
      bar.isOn = !bar.isOn || judge.canUndo;
      bar.update();
      this.update();
    });
  }

  /** Draws it again: something else is shown, or something has been decided. */
  update() {
    const { judging, results, open, entity, accept, reject, shown } = this.#elements;
    const { isOn } = this.#bar;
    open.setAttribute('aria-expanded', String(isOn));
    if (judging.hidden === isOn) {
      judging.hidden = !isOn;
      results.classList.toggle('judges', isOn);
      this.#filter();
      return;
    }
    results.classList.toggle('has-layers', this.#results.layers.length > 1);
    if (!isOn) return;
    const { entities } = this.#results;
    const { value } = entity;
    choices(entity, [['', 'All entities'], ...entities.map((name) => /** @type {[string, string]} */ ([name, name]))]);
    if (value && !entities.includes(value)) {
      entity.value = '';
      this.#filter();
      return;
    }
    const { wanted } = this.#results.table;
    const { length } = undecided(wanted);
    accept.disabled = reject.disabled = !length;
    accept.textContent = `Accept ${number.format(length)} undecided`;
    reject.textContent = `Reject ${number.format(length)} undecided`;
    const all = this.#results.findings.length;
    shown.textContent = wanted.length === all ? '' : `${number.format(wanted.length)} of ${number.format(all)} shown`;
    this.#drawAgreement();
  }

  /** What the table shows and is undecided. */
  get #undecided() {
    return undecided(this.#results.table.wanted);
  }

  #filter() {
    const { text, entity, confidence, state } = this.#elements;
    const { isOn } = this.#bar;
    const wanted = isOn ? text.value.trim().toLowerCase() : '';
    const [ofEntity, ofState, isOf] = isOn ? [entity.value, state.value, CONFIDENCES[confidence.value]] : ['', '', CONFIDENCES['']];
    this.#results.table.filter(
      (finding) =>
        (!wanted || finding.text.toLowerCase().includes(wanted)) &&
        (!ofEntity || finding.entity === ofEntity) &&
        (!ofState || (finding.state ?? 'undecided') === ofState) &&
        isOf(finding.confidence ?? 1),
    );
    this.update();
    this.#bar.update();
  }

  #drawAgreement() {
    const { agreement: details } = this.#elements;
    const all = Object.entries(this.#agreement()).sort(([one], [other]) => (one < other ? -1 : 1));
    details.hidden = !all.length;
    if (!all.length) return;
    const sum = sumOf(all.map(([, agreement]) => agreement));
    const rows = (all.length > 1 ? [...all, /** @type {[string, Agreement]} */ (['all', sum])] : all).map(([entity, agreement]) => {
      const { precision, recall, f1 } = scores(agreement);
      const cells = [agreement.right, agreement.wrong, agreement.missed].map((count) => number.format(count));
      const shares = [precision, recall, f1].map((share) => share?.toFixed(2) ?? '–');
      const head = element('th', { scope: 'row' }, entity);
      return element('tr', {}, head, ...[...cells, ...shares].map((words) => element('td', { class: 'number' }, words)));
    });
    const table = /** @type {HTMLTableElement} */ (details.querySelector('table'));
    table.tBodies[0].replaceChildren(...rows);
  }
}

/** @param {Finding[]} findings */
const undecided = (findings) => findings.filter(({ state }) => !state);
