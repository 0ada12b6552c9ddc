/** What decides what is found in a text: the model and the options, as the toolbar and the panel of options have them. */

import { decoded } from '../glossa/model-address.js';
import { element } from './element.js';

/** @typedef {import('../glossa/index.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('../glossa/index.js').Pipeline} Pipeline */
/** @typedef {import('./options-form.js').OptionsForm} OptionsForm */

/** What begins the value of a model from the user's disk in the choice of models. */
const LOCAL = 'local:';

/**
 * A set-up as it is kept with documents.
 * @typedef {object} Kept
 * @property {string} model an address, or the name of one of the user's, which has to be brought again
 * @property {string} name of the model
 * @property {string[]} [beside] models that run beside it, if there are any
 * @property {Omit<Pipeline, 'model'>} pipeline
 */

export class Setup {
  #model;
  #mode;
  #threshold;
  #thresholdValue;
  #form;
  #beside;
  /** @type {Set<string>} models that are to run beside the one that is chosen */
  #chosenBeside = new Set();
  /** @type {Map<string, string>} models that have not been loaded yet, each with the one chosen before */
  #onTrial = new Map();

  /**
   * @param {{ model: HTMLSelectElement, beside: HTMLElement, mode: HTMLSelectElement, threshold: HTMLInputElement,
   *   thresholdValue: HTMLElement }} elements `beside`: holds a toggle for each model that may run beside the one that is chosen
   * @param {OptionsForm} form
   */
  constructor({ model, beside, mode, threshold, thresholdValue }, form) {
    this.#model = model;
    this.#mode = mode;
    this.#threshold = threshold;
    this.#thresholdValue = thresholdValue;
    this.#form = form;
    this.#beside = beside;
    model.addEventListener('change', () => this.#drawBeside());
    this.#drawBeside();
  }

  /** The model chosen: an address, or the name of one of the user's. */
  get model() {
    return this.#model.value;
  }

  /** All models that run: the one that is chosen, then those beside it. */
  get models() {
    return [this.model, ...this.#modelsBeside];
  }

  /** @returns {string[]} */
  get #modelsBeside() {
    return [...this.#model.options].map(({ value }) => value).filter((value) => value !== this.model && this.#chosenBeside.has(value));
  }

  /** @param {string[]} models */
  set beside(models) {
    this.#chosenBeside = new Set(models);
    this.#drawBeside();
  }

  #drawBeside() {
    const others = [...this.#model.options].filter(({ value }) => value !== this.model);
    const toggles = others.map(({ value, text }) => {
      const box = element('input', { type: 'checkbox', value, autocomplete: 'off' });
      box.checked = this.#chosenBeside.has(value);
      box.addEventListener('change', () => {
        if (box.checked) this.#chosenBeside.add(value);
        else this.#chosenBeside.delete(value);
      });
      return element('label', {}, box, text);
    });
    this.#beside.hidden = !toggles.length;
    this.#beside.replaceChildren('Also run: ', ...toggles);
  }

  get mode() {
    return /** @type {NonNullable<AnnotateOptions['mode']>} */ (this.#mode.value);
  }

  /** The minimum confidence. */
  get threshold() {
    return this.#threshold.valueAsNumber;
  }

  /** All that decides what is found, to be compared; the minimum confidence only hides some of it. */
  get key() {
    const { options, annotate } = this.#form.read();
    return JSON.stringify([this.model, this.mode, options, annotate, ...this.#modelsBeside]);
  }

  /** Chooses a model, which is added to those offered if it is not among them. */
  set model(value) {
    this.#offer(value, value);
  }

  /**
   * What the choice has for a model from the user's disk.
   * @param {string} name
   */
  localValue(name) {
    return LOCAL + name;
  }

  /**
   * Chooses a model from the user's disk.
   * @param {string} name
   */
  chooseLocal(name) {
    const value = this.localValue(name);
    this.#try(value);
    this.#offer(value, name);
  }

  /** The chosen model's name, as it is offered. */
  get modelName() {
    return this.#model.selectedOptions[0]?.text ?? '';
  }

  /**
   * Keeps a model among those offered: it could be loaded.
   * @param {string} value
   */
  accept(value) {
    this.#onTrial.delete(value);
  }

  /**
   * Whether a model was brought by the user, or named by a pipeline, and has not been loaded yet.
   * @param {string} value
   */
  isOnTrial(value) {
    return this.#onTrial.has(value);
  }

  /**
   * Ends the trial of a model that cannot be loaded: the one that was chosen before is chosen again.
   * @param {string} value
   * @param {boolean} offered whether it stays among those offered, in an earlier form
   */
  withdraw(value, offered) {
    const before = this.#onTrial.get(value);
    this.#onTrial.delete(value);
    if (before === undefined) return;
    if (this.model === value) this.#model.value = before;
    if (!offered) this.#chosenBeside.delete(value);
    for (const [other, its] of this.#onTrial) if (its === value) this.#onTrial.set(other, before);
    if (!offered) [...this.#model.options].find((option) => option.value === value)?.remove();
    this.#drawBeside();
  }

  /**
   * Chooses the model at an address: one that is offered, one of that name from the user's disk, or another of this site.
   * @param {string} address
   */
  chooseAddress(address) {
    const plain = (/** @type {string} */ value) => new URL(value, document.baseURI).href.replace(/\/$/, '');
    const wanted = plain(address);
    const name = decoded(wanted.slice(wanted.lastIndexOf('/') + 1));
    const offered = [...this.#model.options].map(({ value }) => value);
    const local = LOCAL + name;
    const value = offered.find((value) => (value.startsWith(LOCAL) ? value === local : plain(value) === wanted));
    if (!value) this.#try(wanted);
    this.#offer(value ?? wanted, name);
  }

  /** Writes the minimum confidence beside its slider. */
  showThreshold() {
    this.#thresholdValue.textContent = this.threshold.toFixed(2);
  }

  /** The pipeline file, which the command line's `--pipeline` takes too. */
  toPipeline() {
    const { options, annotate, format } = this.#form.read();
    const model = this.model.replace(/^local:|\/$/g, '');
    const all = { ...annotate, mode: this.mode, ...(this.threshold > 0 ? { threshold: this.threshold } : {}) };
    return `${JSON.stringify({ glossaPipeline: 1, model, options, annotate: all, format }, null, 2)}\n`;
  }

  /**
   * Sets the page up as a pipeline file says.
   * @param {Pipeline} pipeline
   */
  write(pipeline) {
    this.#form.write(pipeline);
    const { mode = 'window', threshold = 0 } = pipeline.annotate;
    this.#mode.value = mode;
    this.#threshold.value = String(threshold);
    this.showThreshold();
    if (pipeline.model) this.chooseAddress(pipeline.model);
  }

  /** The set-up, to be kept with documents. @returns {Kept} */
  get kept() {
    const { options, annotate, format } = this.#form.read();
    const all = { ...annotate, mode: this.mode, threshold: this.threshold };
    const beside = this.#modelsBeside;
    const others = beside.length ? { beside } : {};
    return { model: this.model, name: this.modelName, ...others, pipeline: /** @type {Omit<Pipeline, 'model'>} */ ({ options, annotate: all, format }) };
  }

  /**
   * Sets the page up as it was. A model of the user's is offered only if it has been brought again.
   * @param {Kept} kept
   * @returns {boolean} whether the model is there
   */
  restore({ model, name, beside = [], pipeline }) {
    this.write(/** @type {Pipeline} */ (pipeline));
    if (this.#isMissing(model)) return false;
    this.#offer(model, name);
    this.beside = beside;
    return true;
  }

  /** @param {string} value of a model */
  #isMissing(value) {
    return value.startsWith(LOCAL) && ![...this.#model.options].some((option) => option.value === value);
  }

  /** @param {string} value of a model that is about to be chosen: new, or in another form than before */
  #try(value) {
    const before = this.model === value ? this.#onTrial.get(value) : this.model;
    this.#onTrial.set(value, before ?? value);
  }

  /**
   * @param {string} value
   * @param {string} name
   */
  #offer(value, name) {
    if (![...this.#model.options].some((option) => option.value === value)) this.#model.add(new Option(name, value));
    this.#model.value = value;
    this.#drawBeside();
  }
}
