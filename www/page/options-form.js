/** The panel of options: from what a person enters to a pipeline file's options, and back. */

import { GlossaError } from '../glossa/index.js';
import { element } from './element.js';
import { FIELDS, FORMAT, GROUPS } from './option-fields.js';
import { meant, written } from './written-words.js';

/** @typedef {import('./option-fields.js').Field} Field */
/** @typedef {import('./option-fields.js').Control} Control */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} ControlElement */

/**
 * @param {string} text
 * @param {string} separator
 */
const parts = (text, separator) => text.split(separator).map((part) => part.trim()).filter(Boolean);
/** @param {string[]} list */
const unlessEmpty = (list) => (list.length ? list : undefined);

/**
 * From the text of a control to a value, and back; `undefined` is an option left out.
 * @typedef {{ read: (text: string, name: string) => unknown, write: (value: any) => string }} Kind
 */

/** @type {Record<Exclude<Control['kind'], 'choice' | 'check'>, Kind>} */
const KINDS = {
  text: { read: (text) => text || undefined, write: (value) => value },
  lines: { read: (text) => unlessEmpty(text.split('\n').filter(Boolean)), write: (list) => list.join('\n') },
  names: { read: (text) => unlessEmpty(parts(text, ',')), write: (list) => list.join(', ') },
  words: {
    read: (text) => unlessEmpty(meant(parts(text, ' '))),
    write: (list) => written(list).join(' '),
  },
  characters: { read: (text) => unlessEmpty([...text]), write: (list) => list.join('') },
  escaped: { read: (text) => unlessEmpty(text.match(/\\?[^]/gu) ?? []), write: (list) => list.join('') },
  pairs: {
    read(text, name) {
      const pairs = parts(text, ',').map((pair) => pair.split('=').map((part) => part.trim()));
      const wrong = pairs.find((pair) => pair.length !== 2 || pair.includes(''));
      if (wrong) throw refusal(name, `"${wrong.join('=')}" is not old=new`);
      return pairs.length ? Object.fromEntries(pairs) : undefined;
    },
    write: (pairs) => Object.entries(pairs).map((pair) => pair.join('=')).join(', '),
  },
  number: {
    read(text, name) {
      if (text !== '' && !/^\d+$/.test(text)) throw refusal(name, `${JSON.stringify(text)} is not a whole number`);
      return text === '' ? undefined : Number(text);
    },
    write: String,
  },
};

/**
 * @param {string} name
 * @param {string} reason
 */
const refusal = (name, reason) => new GlossaError('option_invalid', `option ${name}: ${reason}`);

/**
 * JSON with its keys in order, to compare values.
 * @param {unknown} value
 */
const canonical = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner,
  );

/**
 * The options of a pipeline file, as far as they are not the defaults.
 * @typedef {{ options: import('../glossa/index.js').LoadOptions, annotate: import('../glossa/index.js').AnnotateOptions,
 *   format?: string }} EnteredOptions
 */

/** A `details` element with the options, closed until a person opens it. */
export class OptionsForm {
  /** @type {HTMLDetailsElement} */
  #panel;
  /** @type {HTMLElement} */
  #count;
  /** @type {HTMLElement} */
  #problem;
  /** @type {Map<string, ControlElement>} by the option's name */
  #controls = new Map();

  /**
   * @param {HTMLDetailsElement} panel
   * @param {{ groups: HTMLElement, output: HTMLElement, count: HTMLElement, problem: HTMLElement }} places `output` takes
   *   the option that only the command line follows
   * @param {() => void} onChange
   */
  constructor(panel, { groups, output, count, problem }, onChange) {
    this.#panel = panel;
    this.#count = count;
    this.#problem = problem;
    groups.append(...GROUPS.map((group) => this.#group(group)));
    output.append(this.#field(FORMAT));
    panel.addEventListener('input', ({ target }) => {
      this.#mark(/** @type {ControlElement} */ (target), '');
      this.#showCount();
      onChange();
    });
  }

  /**
   * What was entered, as far as it is not the default.
   * @returns {EnteredOptions}
   * @throws {GlossaError} `option_invalid`, about the option that cannot be read
   */
  read() {
    /** @type {Record<Field['at'], Record<string, unknown>>} */
    const found = { options: {}, tokenizer: {}, annotate: {}, pipeline: {} };
    for (const field of FIELDS) {
      const value = this.#value(field);
      if (value !== undefined) found[field.at][field.name] = value;
    }
    const { options, tokenizer, annotate, pipeline } = found;
    if (Object.keys(tokenizer).length) options.tokenizer = tokenizer;
    return { options, annotate, ...pipeline };
  }

  /**
   * Shows the options of a pipeline file: all, or in case of an error none of them.
   * @param {Partial<EnteredOptions>} pipeline
   * @throws {GlossaError} `pipeline_invalid`, about the option that the form cannot show
   */
  write({ options = {}, annotate = {}, format }) {
    const before = FIELDS.map((field) => this.#raw(field));
    /** @type {Record<Field['at'], Record<string, unknown>>} */
    const values = {
      options: { ...options },
      tokenizer: { ...options.tokenizer },
      annotate: { ...annotate },
      pipeline: { format },
    };
    try {
      for (const field of FIELDS) this.#set(field, values[field.at][field.name] ?? undefined);
    } catch (error) {
      FIELDS.forEach((field, i) => this.#setRaw(field, before[i]));
      throw error;
    }
    this.clear();
    this.#showCount();
  }

  /** Goes back to the defaults. */
  reset() {
    this.write({});
  }

  /**
   * Opens the panel and shows an error beside the option that it names; one that names none, above them all.
   * @param {GlossaError} error
   */
  show({ message }) {
    const [prefix, name] = [...message.matchAll(/option (\w+): /g)].pop() ?? ['', ''];
    const control = this.#controls.get(ALIASES[name] ?? name);
    if (!control) {
      this.#problem.textContent = message;
      this.#problem.hidden = false;
      return;
    }
    this.#panel.open = true;
    const folded = control.closest('details');
    if (folded) folded.open = true;
    this.#mark(control, message.slice(message.lastIndexOf(prefix) + prefix.length));
    control.scrollIntoView({ block: 'nearest' });
  }

  /** Removes the errors shown. */
  clear() {
    this.#problem.hidden = true;
    for (const control of this.#controls.values()) this.#mark(control, '');
  }

  /** @param {import('./option-fields.js').Group} group */
  #group({ title, note, fields, more }) {
    const group = element('fieldset', { class: 'options-group' }, element('legend', {}, title));
    if (note) group.append(element('p', { class: 'options-note' }, note));
    group.append(this.#fields(fields));
    if (more) {
      const summary = element('summary', {}, more.title);
      group.append(element('details', { class: 'options-more' }, summary, this.#fields(more.fields)));
    }
    return group;
  }

  /** @param {Field[]} fields */
  #fields(fields) {
    return element('div', { class: 'options-fields' }, ...fields.map((field) => this.#field(field)));
  }

  /** @param {Field} field */
  #field(field) {
    const { name, kind, title, help } = field;
    const id = `option-${name}`;
    const control = makeControl(field, {
      id,
      'data-testid': `setting-${name}`,
      name,
      autocomplete: 'off',
      'aria-describedby': `${id}-help ${id}-problem`,
    });
    this.#controls.set(name, control);
    const label = element('label', { for: id }, element('span', {}, title), ' ', element('code', {}, name));
    return element(
      'div',
      { class: 'option', 'data-kind': kind },
      ...(kind === 'check' ? [control, label] : [label, control]),
      element('p', { class: 'help', id: `${id}-help` }, help),
      element('p', { class: 'problem', id: `${id}-problem`, role: 'alert', hidden: '' }),
    );
  }

  /**
   * The value of an option; `undefined` for the default.
   * @param {Field} field
   */
  #value(field) {
    const raw = this.#raw(field);
    if (raw === unchanged(field)) return undefined;
    if (field.kind === 'check') return raw;
    if (field.kind === 'choice') return field.type === 'boolean' ? raw === 'true' : raw;
    return KINDS[field.kind].read(String(raw), field.name);
  }

  /**
   * @param {Field} field
   * @param {unknown} value `undefined` for the default
   */
  #set(field, value) {
    const usual = value === undefined || canonical(value) === canonical(field.usual);
    if (usual) this.#setRaw(field, unchanged(field));
    else if (field.kind === 'check') this.#setRaw(field, Boolean(value));
    else this.#setRaw(field, field.kind === 'choice' ? String(value) : KINDS[field.kind].write(value));
    if (canonical(this.#value(field)) !== canonical(usual ? undefined : value)) {
      const reason = `option ${field.name}: ${JSON.stringify(value)} cannot be shown on this page`;
      throw new GlossaError('pipeline_invalid', reason);
    }
  }

  /** @param {Field} field */
  #control({ name }) {
    return /** @type {ControlElement} */ (this.#controls.get(name));
  }

  /**
   * What the control holds.
   * @param {Field} field
   * @returns {string | boolean}
   */
  #raw(field) {
    const control = this.#control(field);
    return isCheckbox(control) ? control.checked : control.value;
  }

  /**
   * @param {Field} field
   * @param {string | boolean} raw
   */
  #setRaw(field, raw) {
    const control = this.#control(field);
    if (isCheckbox(control)) control.checked = Boolean(raw);
    else control.value = String(raw);
  }

  /**
   * Shows what is wrong beside a control, or with an empty text that nothing is.
   * @param {ControlElement} control
   * @param {string} problem
   */
  #mark(control, problem) {
    const place = document.getElementById(`${control.id}-problem`);
    if (!place) return;
    if (problem) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
    place.textContent = problem;
    place.hidden = !problem;
  }

  /** Says beside the panel's title how many options are not the default. */
  #showCount() {
    const changed = FIELDS.filter((field) => this.#raw(field) !== unchanged(field)).length;
    this.#count.textContent = changed ? `${changed} changed` : '';
  }
}

/** @type {Record<string, string>} the names by which errors may call options: Spark NLP's */
const ALIASES = { whiteList: 'entities', blackList: 'excludeEntities' };

/**
 * What a field's control holds for the default.
 * @param {Field} field
 * @returns {string | boolean}
 */
function unchanged(field) {
  if (field.kind === 'check') return field.usual;
  return field.kind === 'choice' ? field.choices[0][0] : '';
}

/**
 * @param {ControlElement} control
 * @returns {control is HTMLInputElement}
 */
const isCheckbox = (control) => control instanceof HTMLInputElement && control.type === 'checkbox';

/**
 * @param {Field} field
 * @param {import('./element.js').Attributes} attributes
 * @returns {ControlElement}
 */
function makeControl(field, attributes) {
  if (field.kind === 'choice') {
    return element('select', attributes, ...field.choices.map(([value, text]) => element('option', { value }, text)));
  }
  if (field.kind === 'check') {
    return element('input', { type: 'checkbox', checked: field.usual ? '' : null, ...attributes });
  }
  const { kind, placeholder } = field;
  const typed = { spellcheck: 'false', autocapitalize: 'off', placeholder, ...attributes };
  if (kind === 'lines') return element('textarea', { rows: 2, ...typed });
  return element('input', { type: 'text', inputmode: kind === 'number' ? 'numeric' : null, ...typed });
}
