/** The summary of all documents on the page: which entities were found how often, and the most frequent mentions of each. */

import { messageOf } from '../../glossa/errors.js';
import { counted, number } from '../counted.js';
import { BEGINNING } from '../documents/documents.js';
import { element } from '../element.js';
import { hues, scrollTo } from '../render.js';
import { save } from '../save-results.js';
import { chartFile, drawChart } from './chart.js';
import { MentionTable } from './mention-table.js';
import { BOUNDS, summarise } from './summarise.js';
import { entitiesCsv, mentionsCsv } from './summary-csv.js';

/** @typedef {import('./summarise.js').Mention} Mention */
/** @typedef {import('./summarise.js').Summary} Summary */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} section
 * @property {HTMLElement} button opens it, and leads back to it
 * @property {HTMLElement} document that is read
 */

/**
 * Where the documents are.
 * @typedef {Pick<import('../documents/documents.js').Documents, 'entries' | 'entry' | 'entities' | 'findings'>} Source
 */

/**
 * @typedef {object} Actions
 * @property {() => number} threshold the minimum confidence
 * @property {(key: number) => unknown} onChoose shows a document; resolves when it is shown
 */

/** Milliseconds between two words about how far the counting is, and between two looks at what has changed. */
const TELL_EVERY = 400;

export class SummaryView {
  #elements;
  #source;
  #actions;
  #parts;
  #table;
  /** @type {Summary | null} */
  #summary = null;
  /** The minimum confidence of what is shown. */
  #threshold = 0;
  /** @type {Map<number, object>} what documents had in them when they were counted, by key */
  #seen = new Map();
  /** The entity whose mentions are shown; empty for all. */
  #entity = '';
  /** @type {SVGElement | null} */
  #chart = null;
  /** @type {AbortController | null} of the counting that is under way */
  #counting = null;
  #looking = 0;
  /** @type {HTMLElement | null} the document that was chosen last, in the table */
  #cameFrom = null;

  /**
   * @param {Elements} elements
   * @param {Source} source
   * @param {Actions} actions
   */
  constructor(elements, source, actions) {
    const { section, button } = elements;
    this.#elements = elements;
    this.#source = source;
    this.#actions = actions;
    this.#parts = build(section);
    const { close, refresh, all, entities, mentions, more, entitiesCsv: ofEntities, mentionsCsv: ofMentions, chartSvg } = this.#parts;
    this.#table = new MentionTable(mentions, more, {
      nameOf: (key) => {
        const entry = source.entry(key);
        if (!entry) return undefined;
        const { id, place, beginning } = entry;
        return { title: beginning.length < BEGINNING ? beginning || id : `${beginning}…`, place };
      },
      onChoose: (key, mention, row) => this.#choose(key, mention, row),
    });
    button.addEventListener('click', () => this.#open());
    close.addEventListener('click', () => {
      this.close();
      button.focus();
    });
    refresh.addEventListener('click', () => {
      // The button goes.
      this.#parts.title.focus();
      this.#count();
    });
    all.addEventListener('click', () => {
      this.#filter('');
      this.#parts.mentionsTitle.focus();
    });
    entities.addEventListener('click', (event) => this.#toggle(event));
    this.#parts.chart.addEventListener('click', (event) => this.#toggle(event));
    ofEntities.addEventListener('click', () => this.#summary && save('glossa-entities.csv', 'text/csv', entitiesCsv(this.#summary)));
    ofMentions.addEventListener('click', () => this.#summary && save('glossa-mentions.csv', 'text/csv', mentionsCsv(this.#summary)));
    chartSvg.addEventListener('click', () => this.#chart && save('glossa-entities.svg', 'image/svg+xml', [chartFile(this.#chart)]));
  }

  /** Says what has changed since the documents were counted, soon. */
  refresh() {
    if (this.#elements.section.hidden || this.#looking) return;
    this.#looking = window.setTimeout(() => {
      this.#looking = 0;
      if (!this.#elements.section.hidden && !this.#counting) this.#tellChanges();
    }, TELL_EVERY);
  }

  close() {
    const { section } = this.#elements;
    this.#counting?.abort();
    this.#counting = null;
    section.hidden = true;
    section.removeAttribute('aria-busy');
    this.#cameFrom = null;
  }

  /** Closes it, and keeps nothing of it. */
  forget() {
    this.close();
    this.#summary = null;
    this.#entity = '';
    this.#seen.clear();
    this.#clear();
  }

  async #open() {
    const { section } = this.#elements;
    const { title } = this.#parts;
    const from = this.#cameFrom;
    if (from?.isConnected) {
      from.focus({ preventScroll: true });
      scrollTo(from, 'center');
      return;
    }
    const isNew = section.hidden && (!this.#summary || this.#changes);
    section.hidden = false;
    title.focus({ preventScroll: true });
    scrollTo(section, 'start');
    if (!isNew) return;
    await this.#count();
    // Only now is there enough of it to be scrolled to; if that is still what is being looked at.
    if (document.activeElement === title) scrollTo(section, 'start');
  }

  /** Counts anew what was found. */
  async #count() {
    this.#counting?.abort();
    const counting = new AbortController();
    const { signal } = counting;
    this.#counting = counting;
    const { entries } = this.#source;
    const threshold = this.#actions.threshold();
    const seen = new Map(entries.map(({ key, found }) => [key, found]));
    let told = performance.now();
    const onProgress = (/** @type {number} */ documents) => {
      if (performance.now() - told < TELL_EVERY) return;
      told = performance.now();
      this.#say(`Counting: ${number.format(documents)} of ${counted(entries.length, 'document')}`);
    };
    this.#say(this.#summary ? 'Counting anew' : 'Counting');
    this.#elements.section.setAttribute('aria-busy', 'true');
    try {
      const summary = await summarise(this.#source.findings(threshold, signal), { signal, onProgress });
      if (signal.aborted) return;
      this.#summary = summary;
      this.#threshold = threshold;
      this.#seen = seen;
      this.#draw(summary, seen.size);
    } catch (error) {
      if (!signal.aborted) this.#say(`Not counted: ${messageOf(error)}`, true);
      return;
    } finally {
      if (this.#counting === counting || !this.#counting) {
        this.#counting = null;
        this.#elements.section.removeAttribute('aria-busy');
      }
    }
    this.#tellChanges();
  }

  /** What has changed since the documents were counted, in words; empty if nothing has. */
  get #changes() {
    if (this.#threshold !== this.#actions.threshold()) return 'The minimum confidence has changed since.';
    let changed = 0;
    for (const { key, found } of this.#source.entries) changed += Number(this.#seen.get(key) !== found);
    return changed ? `${counted(changed, 'document')} ${changed === 1 ? 'has' : 'have'} changed since.` : '';
  }

  #tellChanges() {
    const words = this.#changes;
    this.#say(words, words !== '');
  }

  /**
   * @param {string} words
   * @param {boolean} [canRefresh]
   */
  #say(words, canRefresh = false) {
    const { news, newsWords, refresh } = this.#parts;
    if (newsWords.textContent !== words) newsWords.textContent = words;
    refresh.hidden = !canRefresh;
    news.toggleAttribute('data-empty', !words);
  }

  #clear() {
    const { head, notes, chart, entities, body, saving } = this.#parts;
    head.textContent = '';
    notes.hidden = body.hidden = saving.hidden = true;
    chart.replaceChildren();
    entities.replaceChildren();
    this.#chart = null;
    this.#table.show([], () => 0);
  }

  /**
   * @param {Summary} summary
   * @param {number} all documents of the list
   */
  #draw(summary, all) {
    const { head, notes, chart, entities, body, saving } = this.#parts;
    this.#clear();
    const hue = hues(this.#source.entities);
    const least = this.#threshold ? ` at a confidence of ${this.#threshold.toFixed(2)} or more` : '';
    head.textContent = `${counted(summary.chunks, 'chunk')} in ${number.format(summary.withFindings)} of ${counted(summary.documents, 'document')}${least}`;
    const said = notesOf(summary, all);
    notes.replaceChildren(...said.map((note) => element('p', {}, note)));
    notes.hidden = !said.length;
    body.hidden = saving.hidden = !summary.chunks;
    if (!summary.chunks) return;
    entities.append(
      ...summary.entities.map(({ entity, chunks, documents }) =>
        element(
          'tr',
          { 'data-entity': entity, 'data-hue': hue(entity) },
          element('td', {}, element('button', { type: 'button', class: 'entity', 'data-entity': entity }, entity)),
          element('td', { class: 'number' }, number.format(chunks)),
          element('td', { class: 'number' }, number.format(documents)),
        ),
      ),
    );
    this.#chart = drawChart(summary.entities, hue, 'Chart of the chunks of each entity; the table has the same numbers.');
    chart.append(this.#chart);
    this.#filter(summary.entities.some(({ entity }) => entity === this.#entity) ? this.#entity : '');
  }

  /** @param {Event} event in a row of the table, or of the chart */
  #toggle({ target }) {
    const chosen = target instanceof Element ? target.closest('[data-entity]')?.getAttribute('data-entity') : null;
    if (chosen) this.#filter(chosen === this.#entity ? '' : chosen);
  }

  /** @param {string} entity whose mentions are to be shown; empty for all */
  #filter(entity) {
    const { entities, mentionsTitle, mentionsCount, all, scroller } = this.#parts;
    const { mentions = [], leftOut = 0 } = this.#summary ?? {};
    this.#entity = entity;
    for (const button of entities.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.dataset.entity === entity));
    for (const row of this.#chart?.querySelectorAll('g') ?? []) row.toggleAttribute('data-off', entity !== '' && row.dataset.entity !== entity);
    const shown = entity ? mentions.filter((mention) => mention.entity === entity) : mentions;
    mentionsTitle.textContent = entity ? `Most frequent mentions of ${entity}` : 'Most frequent mentions';
    mentionsCount.textContent = `${number.format(shown.length)} different${leftOut ? ' or more' : ''}`;
    all.hidden = !entity;
    this.#table.show(shown, hues(this.#source.entities));
    scroller.scrollTop = 0;
  }

  /**
   * Shows a document, at the first place of a mention if that is drawn.
   * @param {number} key
   * @param {Mention} mention
   * @param {HTMLElement} from which it was chosen
   */
  async #choose(key, { entity, text }, from) {
    const { document } = this.#elements;
    this.#cameFrom = from;
    await this.#actions.onChoose(key);
    const pane = document.closest('section');
    if (pane) scrollTo(pane, 'start', false);
    document.focus({ preventScroll: true });
    const marks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('mark')]);
    const mark = marks.find(({ dataset, textContent }) => dataset.entity === entity && folded(textContent ?? '') === folded(text));
    // As if it had been pressed: it is selected, in the table too.
    mark?.click();
    mark?.scrollIntoView({ block: 'nearest' });
  }
}

/** @param {string} text */
const folded = (text) => text.replaceAll(/\s+/g, ' ').trim().toLowerCase();

/**
 * What the figures do not say by themselves.
 * @param {Pick<Summary, 'documents' | 'chunks' | 'leftOut'>} summary
 * @param {number} all documents of the list
 */
export function notesOf({ documents, chunks, leftOut }, all) {
  const notes = [];
  const without = all - documents;
  if (!documents) notes.push('No document has been annotated yet.');
  else if (!chunks) notes.push('Nothing was found in them.');
  if (documents && without) {
    notes.push(`${counted(without, 'document')} ${without === 1 ? 'is' : 'are'} not counted: waiting, failed, or changed and not annotated anew.`);
  }
  if (leftOut) {
    notes.push(
      `More different mentions were found than the ${number.format(BOUNDS.mentions)} that are counted at a time. Those found ` +
        `${counted(leftOut, 'time')} or fewer may be missing, and some counts are a range. The figures of the entities are exact.`,
    );
  }
  return notes;
}

/**
 * Makes the elements of the summary.
 * @param {HTMLElement} section
 */
function build(section) {
  const press = (/** @type {string} */ words, /** @type {string} */ id, kind = 'quiet') =>
    element('button', { type: 'button', class: kind, 'data-testid': id }, words);
  const heads = (/** @type {string[]} */ ...names) =>
    element(
      'thead',
      {},
      element('tr', {}, ...names.map((name) => element('th', { scope: 'col', class: ['chunks', 'documents'].includes(name) ? 'number' : null }, name))),
    );
  const head = element('span', { class: 'soft', id: 'summary-count' });
  const title = element('h2', { id: 'summary-title', tabindex: -1 }, 'Summary');
  const parts = {
    title,
    head,
    close: press('Close', 'close-summary'),
    entitiesCsv: press('Entities', 'download-entities'),
    mentionsCsv: press('Mentions', 'download-mentions'),
    chartSvg: press('Chart', 'download-chart'),
    newsWords: element('span', { role: 'status', 'data-testid': 'summary-news' }),
    refresh: press('Refresh', 'refresh-summary'),
    notes: element('div', { class: 'notice', 'data-testid': 'summary-notes', hidden: '' }),
    chart: element('div', { class: 'summary-chart', translate: 'no' }),
    entities: element('tbody', {}),
    mentionsTitle: element('h3', { id: 'mentions-title', tabindex: -1 }),
    mentionsCount: element('span', { class: 'soft' }),
    all: press('All entities', 'all-entities'),
    mentions: element('tbody', {}),
    more: press('', 'more-mentions', 'more'),
  };
  const ofEntities = { 'data-testid': 'summary-entities', translate: 'no', 'aria-labelledby': 'entities-title' };
  const ofMentions = { 'data-testid': 'summary-mentions', translate: 'no', 'aria-labelledby': 'mentions-title' };
  const scroller = element('div', { class: 'table summary-mentions' }, element('table', ofMentions, heads('text', 'entity', 'chunks', 'documents'), parts.mentions));
  const group = (/** @type {string} */ name, /** @type {HTMLElement[]} */ ...buttons) =>
    element('div', { role: 'group', 'aria-label': `Download ${name}` }, element('span', {}, name), ...buttons);
  const saving = element('div', { class: 'exports', hidden: '' }, group('CSV', parts.entitiesCsv, parts.mentionsCsv), group('SVG', parts.chartSvg));
  const news = element('p', { class: 'summary-news', 'data-empty': '' }, parts.newsWords, ' ', parts.refresh);
  const body = element(
    'div',
    { hidden: '' },
    element('h3', { id: 'entities-title' }, 'Entities'),
    element('div', { class: 'summary-entities' }, element('table', ofEntities, heads('entity', 'chunks', 'documents'), parts.entities), parts.chart),
    element('div', { class: 'summary-mentions-head' }, parts.mentionsTitle, parts.mentionsCount, parts.all),
    scroller,
    parts.more,
  );
  section.append(
    element('div', { class: 'results-head' }, title, head, element('div', { class: 'summary-actions' }, saving, parts.close)),
    news,
    parts.notes,
    body,
  );
  parts.refresh.hidden = true;
  return { ...parts, scroller, saving, news, body };
}
