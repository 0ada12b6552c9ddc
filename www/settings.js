/** The panel of options: from what a person enters to a pipeline's settings, and back. */

import { GlossaError } from './errors.js';
import { element } from './render.js';
import { FORMAT, GROUPS } from './settings-fields.js';

const FIELDS = [...GROUPS.flatMap(({ fields, more }) => [...fields, ...(more?.fields ?? [])]), FORMAT];

/** Characters that cannot be typed into a line, as they are written there. */
const WRITTEN = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const MEANT = new Map(Object.entries(WRITTEN).map(([character, written]) => [written, character]));

const parts = (text, separator) => text.split(separator).map((part) => part.trim()).filter(Boolean);
const some = (list) => (list.length ? list : undefined);

/** What is read from a control's text, and the text that shows a value; `undefined` is an option left out. */
const KINDS = {
  text: { read: (text) => text || undefined, write: (value) => value },
  lines: { read: (text) => some(text.split('\n').filter(Boolean)), write: (list) => list.join('\n') },
  names: { read: (text) => some(parts(text, ',')), write: (list) => list.join(', ') },
  words: {
    read: (text) => some(parts(text, ' ').map((word) => MEANT.get(word) ?? word)),
    write: (list) => list.map((word) => WRITTEN[word] ?? word).join(' '),
  },
  characters: { read: (text) => some([...text]), write: (list) => list.join('') },
  escaped: { read: (text) => some(text.match(/\\?[^]/gu) ?? []), write: (list) => list.join('') },
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

const refusal = (name, reason) => new GlossaError('option_invalid', `option ${name}: ${reason}`);

/** JSON with its keys in order, to compare values. */
const canonical = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner,
  );

/** A `details` element that holds the options, closed until a person asks for them. */
export class Settings {
  #panel;
  #count;
  #problem;
  #controls = new Map();

  /**
   * @param {HTMLDetailsElement} panel
   * @param {{ groups: HTMLElement, output: HTMLElement, count: HTMLElement, problem: HTMLElement }} places `output` takes
   *   what concerns the command line alone
   * @param {() => void} onChange
   */
  constructor(panel, { groups, output, count, problem }, onChange) {
    this.#panel = panel;
    this.#count = count;
    this.#problem = problem;
    groups.append(...GROUPS.map((group) => this.#group(group)));
    output.append(this.#field(FORMAT));
    panel.addEventListener('input', ({ target }) => {
      this.#mark(target, '');
      this.#tell();
      onChange();
    });
  }

  /**
   * What was entered, as far as it is not what holds anyway.
   * @returns {{ options: object, annotate: object, format?: string }}
   */
  read() {
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
   * Shows the settings of a pipeline, all or none of them.
   * @param {{ options?: object, annotate?: object, format?: string }} pipeline
   */
  write({ options = {}, annotate = {}, format }) {
    const before = new Map(FIELDS.map((field) => [field, this.#raw(field)]));
    const values = { options, tokenizer: options.tokenizer ?? {}, annotate, pipeline: { format } };
    try {
      for (const field of FIELDS) this.#set(field, values[field.at][field.name] ?? undefined);
    } catch (error) {
      for (const [field, raw] of before) this.#setRaw(field, raw);
      throw error;
    }
    this.clear();
    this.#tell();
  }

  reset() {
    this.write({});
  }

  /** Shows an error beside the option that it names, if it names one, and opens the panel. */
  show({ message }) {
    const name = [...message.matchAll(/option (\w+): /g)].pop()?.[1];
    const control = this.#controls.get(name === 'whiteList' ? 'entities' : name);
    this.#panel.open = true;
    if (!control) {
      this.#problem.textContent = message;
      this.#problem.hidden = false;
      return;
    }
    const folded = control.closest('details');
    if (folded) folded.open = true;
    this.#mark(control, message.slice(message.lastIndexOf(`option ${name}: `) + `option ${name}: `.length));
    control.scrollIntoView({ block: 'nearest' });
  }

  /** Takes errors away. */
  clear() {
    this.#problem.hidden = true;
    for (const control of this.#controls.values()) this.#mark(control, '');
  }

  #group({ title, note, fields, more }) {
    const shown = fields.map((field) => this.#field(field));
    const group = element('fieldset', { class: 'settings-group' }, element('legend', {}, title));
    if (note) group.append(element('p', { class: 'settings-note' }, note));
    group.append(element('div', { class: 'settings-fields' }, ...shown));
    if (more) {
      const inner = more.fields.map((field) => this.#field(field));
      const fold = element('details', { class: 'settings-more' }, element('summary', {}, more.title));
      fold.append(element('div', { class: 'settings-fields' }, ...inner));
      group.append(fold);
    }
    return group;
  }

  #field(field) {
    const { name, kind, title, help } = field;
    const id = `setting-${name}`;
    const control = makeControl(field, {
      id,
      'data-testid': id,
      name,
      autocomplete: 'off',
      'aria-describedby': `${id}-help ${id}-problem`,
    });
    this.#controls.set(name, control);
    const label = element('label', { for: id }, element('span', {}, title), ' ', element('code', {}, name));
    return element(
      'div',
      { class: 'setting', 'data-kind': kind },
      ...(kind === 'check' ? [control, label] : [label, control]),
      element('p', { class: 'help', id: `${id}-help` }, help),
      element('p', { class: 'problem', id: `${id}-problem`, role: 'alert', hidden: '' }),
    );
  }

  #value(field) {
    const raw = this.#raw(field);
    const { name, kind, choices, unless } = field;
    if (kind === 'check') return raw === unless ? undefined : raw;
    if (kind !== 'choice') return KINDS[kind].read(raw, name);
    if (raw === choices[0][0]) return undefined;
    return raw === 'true' || raw === 'false' ? raw === 'true' : raw;
  }

  #set(field, value) {
    const { name, kind, choices, unless } = field;
    // What holds anyway may also be said in a document; where leaving it out has no value, its text is the name.
    const usual = kind === 'choice' ? choices[0][0] || choices[0][1] : unless;
    if (value === usual || (kind !== 'choice' && canonical(value) === '{}')) value = undefined;
    if (kind === 'choice') this.#setRaw(field, value === undefined ? choices[0][0] : String(value));
    else if (kind === 'check') this.#setRaw(field, value ?? unless);
    else this.#setRaw(field, value === undefined ? '' : KINDS[kind].write(value));
    if (canonical(this.#value(field)) !== canonical(value)) {
      const reason = `option ${name}: ${JSON.stringify(value)} cannot be shown on this page`;
      throw new GlossaError('pipeline_invalid', reason);
    }
  }

  #raw({ name, kind }) {
    const control = this.#controls.get(name);
    return kind === 'check' ? control.checked : control.value;
  }

  #setRaw({ name, kind }, raw) {
    const control = this.#controls.get(name);
    if (kind === 'check') control.checked = raw;
    else control.value = raw;
  }

  #mark(control, problem) {
    const place = document.getElementById(`${control.id}-problem`);
    if (!place) return;
    if (problem) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
    place.textContent = problem;
    place.hidden = !problem;
  }

  /** Says in the closed panel how many options differ from what holds anyway. */
  #tell() {
    const changed = FIELDS.filter((field) => {
      const raw = this.#raw(field);
      return raw !== (field.kind === 'check' ? field.unless : (field.choices?.[0][0] ?? ''));
    }).length;
    this.#count.textContent = changed ? `${changed} changed` : '';
  }
}

function makeControl({ kind, choices, unless, placeholder }, attributes) {
  if (kind === 'choice') {
    return element('select', attributes, ...choices.map(([value, text]) => element('option', { value }, text)));
  }
  if (kind === 'check') return element('input', { type: 'checkbox', checked: unless ? '' : null, ...attributes });
  const typed = { spellcheck: 'false', autocapitalize: 'off', placeholder, ...attributes };
  if (kind === 'lines') return element('textarea', { rows: 2, ...typed });
  return element('input', { type: 'text', inputmode: kind === 'number' ? 'numeric' : null, ...typed });
}
