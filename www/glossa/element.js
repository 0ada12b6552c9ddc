/**
 * `<glossa-text>`: text of any page with its entities marked.
 *
 *     <script type="module" src="glossa/element.js"></script>
 *     <glossa-text model="models/cellular/">IL-2 gene expression requires NF-kappa B.</glossa-text>
 *
 * The marks are put around the text where it stands. A marked copy in a shadow root would be another text: what one selects, finds or
 * reads aloud, and what a script of the page changes, would not be what is seen. So the text is there before the marks are, and without
 * JavaScript.
 */

import { abortable } from './abort.js';
import { baseAddress } from './base-address.js';
import { GlossaError, cancelled, messageOf } from './errors.js';
import { fetchFile } from './fetch-file.js';
import { Marks, removeCopies } from './element/marks.js';
import { disown, own } from './element/owners.js';
import { leaveOut, readText } from './element/read-text.js';
import { keepingSelection } from './element/selection.js';
import { acquire, release } from './element/shared-annotators.js';
import { adopt, hueOf } from './element/style.js';

export { GlossaError } from './errors.js';
export { configure } from './places.js';

/** @typedef {import('./annotator.js').Annotation} Annotation */
/** @typedef {import('./annotator.js').Annotator} Annotator */
/** @typedef {import('./annotator.js').Chunk} Chunk */
/** @typedef {import('./annotator.js').ModelFiles} ModelFiles */

/**
 * `waiting`: until it is near the screen, or has a model; `done`: the marks are those of the text.
 * @typedef {'waiting' | 'loading' | 'annotating' | 'done' | 'error'} State
 */

/** Milliseconds after the last change of a text, longer than between two keystrokes of one who writes. */
const PAUSE = 250;
/** How far from the screen a text is annotated. */
const NEAR = '50%';

/** Where there is no page, as on a server that renders one, the module does nothing. */
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

/**
 * Attributes: `model`, the address of a model's folder or zip, relative to the page; `for`, the id of the element, in the same document
 * or shadow root, that is annotated instead of this one; `src`, the address of a plain text in UTF-8 that is shown in it; `threshold`, the minimum
 * confidence, 0 to 1; `entities`, those that are marked, separated by commas; `mode`, `window` or `truncate`; `loading`, `eager` not to wait until it
 * is near the screen; `disabled`, to mark nothing.
 *
 * Events, which bubble: `glossa-progress` (`detail`: a progress event), `glossa-annotated` (`detail.annotation`), `glossa-error` (`detail.error`).
 */
export class GlossaText extends Base {
  static observedAttributes = ['model', 'integrity', 'for', 'src', 'threshold', 'entities', 'mode', 'loading', 'disabled'];

  #marks = new Marks();
  /** @type {Element | null} what is watched, and has the marks */
  #target = null;
  /** @type {Annotation | null} */
  #annotation = null;
  #text = '';
  /** @type {State} */
  #state = 'waiting';
  /** @type {ModelFiles | Annotator | null} */
  #model = null;
  /** @type {{ model: string | ModelFiles, integrity: string | undefined, annotator: Promise<Annotator> } | null} */
  #acquired = null;
  #run = new AbortController();
  /** @type {Promise<Annotation> | undefined} the result of the run that was begun last, unless it was ended */
  #result;
  /** The `src` that is shown. */
  #shown = '';
  #isNear = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {MutationObserver | undefined} */
  #changes;
  /** @type {IntersectionObserver | undefined} */
  #approach;
  #tell = (/** @type {any} */ detail) => this.#emit('glossa-progress', detail);

  /** The text that was annotated last: offsets count its UTF-16 code units. Blocks are apart by an empty line. */
  get text() {
    return this.#text;
  }

  /** @returns {Chunk[]} what was found, as it is marked */
  get chunks() {
    return this.#annotation?.chunks ?? [];
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /**
   * A package's model, or an annotator of the page's own, in place of the attribute `model`. Chunks of an annotator that was made without
   * the option `documentStructure`, and of a model that does not have it by default, may go from one block into the next.
   * @returns {ModelFiles | Annotator | null}
   */
  get source() {
    return this.#model;
  }

  set source(source) {
    this.#model = source;
    this.#giveBack();
    this.#changed();
  }

  connectedCallback() {
    this.#takeEarlySource();
    this.#changes ??= new MutationObserver((records) => this.#edited(records));
    this.#approach ??= new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        this.#isNear = true;
        this.#approach?.disconnect();
        this.#changed();
      },
      { rootMargin: NEAR },
    );
    // The parser may still be reading what is in it.
    queueMicrotask(() => this.#begin());
  }

  disconnectedCallback() {
    // It may only be moved.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#stop();
      this.#giveBack();
      this.#isNear = false;
      this.#set('waiting');
    });
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} now
   */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#changes) return;
    if (name === 'model') this.#giveBack();
    if (name === 'for' || name === 'loading') this.#begin();
    else this.#changed();
  }

  /**
   * Annotates the text as it is now. After a failure it tries again. If the text or an attribute changes meanwhile, the result is that of
   * what it has become.
   * @returns {Promise<Annotation>}
   * @throws {GlossaError} as `Annotator.create` and `Annotator.annotate`; `option_invalid` if there is no model, no element that `for` names,
   *   or another `glossa-text` that annotates it; `cancelled` if it has left the page, or is disabled
   */
  annotate() {
    clearTimeout(this.#timer);
    // What has changed until now is no reason to begin once more.
    this.#settle();
    this.#run.abort();
    this.#run = new AbortController();
    this.#result = this.#annotate(this.#run);
    return this.#result;
  }

  /**
   * @param {AbortController} run
   * @returns {Promise<Annotation>}
   */
  async #annotate(run) {
    try {
      const annotation = await this.#annotated(run.signal);
      this.#set('done');
      this.#emit('glossa-annotated', { annotation });
      return annotation;
    } catch (error) {
      // Another run has taken its place.
      if (this.#run !== run && this.#result) return this.#result;
      throw this.#failed(error, run.signal);
    }
  }

  /**
   * @param {unknown} error
   * @param {AbortSignal} signal of what has failed; nobody is told if it was only ended
   */
  #failed(error, signal) {
    const reason = error instanceof GlossaError ? error : new GlossaError('worker_failed', messageOf(error), { cause: error });
    if (!signal.aborted) {
      this.#set('error');
      this.#emit('glossa-error', { error: reason });
    }
    return reason;
  }

  /** @param {AbortSignal} signal */
  async #annotated(signal) {
    const target = this.#found();
    await this.#show(signal);
    const annotator = await this.#loaded(signal);
    const options = this.#options();
    this.#set('annotating');
    for (;;) {
      this.#settle();
      const { text } = readText(target);
      const annotation = await annotator.annotate(text, { ...options, signal, reuseWindows: true });
      if (signal.aborted) throw cancelled(signal);
      this.#settle();
      // What has changed meanwhile would be marked at the wrong places.
      if (readText(target).text !== text) continue;
      this.#text = text;
      this.#annotation = annotation;
      this.#paint(target, annotation.chunks, annotator.info.entities);
      return annotation;
    }
  }

  /** Begins anew: another element may be the one to be annotated. */
  #begin() {
    if (!this.isConnected) return;
    this.#stop();
    const target = this.#isFor ? this.#elementFor() : this;
    if (target && this.getAttribute('loading') !== 'eager' && !this.#isNear) this.#approach?.observe(target);
    else this.#isNear = true;
    this.#changed();
  }

  /** Ends what is under way, and takes the marks away. */
  #stop() {
    clearTimeout(this.#timer);
    this.#run.abort();
    this.#result = undefined;
    this.#approach?.disconnect();
    this.#leave();
    this.#annotation = null;
  }

  /** Takes the marks away from what was annotated, which others may annotate from now on. */
  #leave() {
    const target = this.#target;
    if (!target) return;
    this.#settle();
    keepingSelection(target, () => this.#marks.remove());
    this.#changes?.disconnect();
    target.removeAttribute('aria-busy');
    disown(target, this);
    this.#target = null;
  }

  /**
   * What is annotated, or how, has changed.
   * @param {number} [pause] milliseconds in which more may change
   */
  #changed(pause = 0) {
    clearTimeout(this.#timer);
    if (!this.isConnected || !this.#isNear) return;
    const isIdle = this.hasAttribute('disabled') || (!this.#model && !this.getAttribute('model'));
    if (isIdle) {
      this.#stop();
      removeCopies(this);
      this.#set('waiting');
    }
    // Its failure is told by an event.
    this.#timer = setTimeout(() => (isIdle ? this.#showOnly() : this.annotate().catch(() => {})), pause);
  }

  /** Shows the text of `src`, which one may read without marks. */
  async #showOnly() {
    const { signal } = (this.#run = new AbortController());
    try {
      await this.#show(signal);
      this.#set('waiting');
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  /** @param {MutationRecord[]} records */
  #edited(records) {
    const target = this.#target;
    if (!target) return;
    const isLess = this.#marks.settle(records);
    // What changed may be marks of another element in this one, or of no concern.
    if (!isLess && this.#state === 'done' && this.#marks.areThere && readText(target).text === this.#text) return;
    this.#changed(PAUSE);
  }

  /** As {@link GlossaText.#edited}, of changes that are not told yet, before the text is read. */
  #settle() {
    this.#marks.settle(this.#changes?.takeRecords() ?? []);
  }

  get #isFor() {
    return this.hasAttribute('for');
  }

  #elementFor() {
    const root = /** @type {Document | ShadowRoot} */ (this.getRootNode());
    return root.getElementById?.(this.getAttribute('for') ?? '') ?? null;
  }

  /** The element to be annotated, which is watched from now on. */
  #found() {
    const target = this.#isFor ? this.#elementFor() : this;
    if (!target) throw new GlossaError('option_invalid', `for: there is no element with the id ${JSON.stringify(this.getAttribute('for'))}`);
    if (this.#target !== target) {
      this.#leave();
      own(target, this);
      removeCopies(target);
      this.#target = target;
      this.#watch();
    }
    adopt(target.getRootNode());
    return target;
  }

  #watch() {
    const options = { childList: true, characterData: true, subtree: true, attributeFilter: ['hidden'] };
    if (this.#target) this.#changes?.observe(this.#target, options);
  }

  /** A property that was set before the module was there hides the class's own. */
  #takeEarlySource() {
    if (!Object.hasOwn(this, 'source')) return;
    const { source } = this;
    Reflect.deleteProperty(this, 'source');
    this.source = source;
  }

  /**
   * Shows the text of `src`, if it is another.
   * @param {AbortSignal} signal
   */
  async #show(signal) {
    const src = this.getAttribute('src');
    if (src === null) this.#shown = '';
    if (src === null || this.#isFor) return;
    const address = absolute('src', src);
    if (address === this.#shown) return;
    this.#set('loading');
    const text = await (await fetchFile(address, { signal })).text();
    if (signal.aborted) throw cancelled(signal);
    this.#marks.remove();
    this.textContent = text;
    this.#changes?.takeRecords();
    this.#shown = address;
  }

  /** @param {AbortSignal} signal */
  async #loaded(signal) {
    const source = this.#model;
    if (source && 'annotate' in source) return source;
    const model = source ?? absolute('model', this.getAttribute('model'));
    const integrity = (source ? null : this.getAttribute('integrity')) ?? undefined;
    this.#set('loading');
    if (this.#acquired?.model !== model || this.#acquired.integrity !== integrity) {
      this.#giveBack();
      this.#acquired = { model, integrity, annotator: acquire(model, integrity, this.#tell) };
    }
    try {
      return await abortable(this.#acquired.annotator, signal, () => {});
    } catch (error) {
      // The next run asks for it anew.
      if (!signal.aborted) this.#giveBack();
      throw error;
    }
  }

  #giveBack() {
    if (this.#acquired) release(this.#acquired.model, this.#acquired.integrity, this.#tell);
    this.#acquired = null;
  }

  /** @returns {import('./options.js').AnnotateOptions} */
  #options() {
    const [threshold, entities, mode] = ['threshold', 'entities', 'mode'].map((name) => this.getAttribute(name));
    const least = threshold === null ? undefined : Number(threshold);
    if (least !== undefined && Number.isNaN(least)) throw new GlossaError('option_invalid', `threshold: ${threshold} is no number`);
    return {
      ...(least !== undefined && { threshold: least }),
      ...(entities !== null && { entities: entities.split(',').map((entity) => entity.trim()).filter(Boolean) }),
      ...(mode !== null && { mode: /** @type {'window' | 'truncate'} */ (mode) }),
    };
  }

  /**
   * @param {Element} target
   * @param {Chunk[]} chunks
   * @param {string[]} entities
   */
  #paint(target, chunks, entities) {
    const markOf = (/** @type {Chunk} */ { begin, end, entity, confidence }) => {
      const mark = document.createElement('mark');
      Object.assign(mark.dataset, { glossa: '', entity, begin, end });
      mark.title = `${entity}, confidence ${confidence.toFixed(2)}`;
      mark.style.setProperty('--glossa-hue', String(hueOf(Math.max(0, entities.indexOf(entity)))));
      return mark;
    };
    keepingSelection(target, () => {
      this.#marks.remove();
      removeCopies(target);
      this.#marks.put(readText(target).pieces, chunks, markOf);
    });
    // What was done here is no change of the text.
    this.#changes?.takeRecords();
  }

  /** @param {State} state */
  #set(state) {
    this.#state = state;
    if (this.isConnected || this.dataset.state) this.dataset.state = state;
    const isBusy = state === 'loading' || state === 'annotating';
    if (isBusy) this.#target?.setAttribute('aria-busy', 'true');
    else this.#target?.removeAttribute('aria-busy');
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/**
 * @param {string} name
 * @param {string | null} address
 */
function absolute(name, address) {
  try {
    return new URL(address ?? '', baseAddress()).href;
  } catch (error) {
    throw new GlossaError('option_invalid', `${name}: ${address} is not an address`, { cause: error });
  }
}

/**
 * Gives the element a name, by which the page writes it.
 * @param {string} [name] with a hyphen in it
 */
export function defineElement(name = 'glossa-text') {
  if (!globalThis.customElements || customElements.get(name)) return;
  leaveOut(name);
  // A class has one name.
  customElements.define(name, name === 'glossa-text' ? GlossaText : class extends GlossaText {});
}

defineElement();
