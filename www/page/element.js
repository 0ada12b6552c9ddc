/** @typedef {Record<string, string | number | null | undefined>} Attributes */

/**
 * Makes an element with attributes; those that are null or undefined are left out.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Gives a choice these options, unless it has them: what is chosen stays so as long as they are the same.
 * @param {HTMLSelectElement} select
 * @param {[value: string, words: string][]} options
 */
export function choices(select, options) {
  const { options: before } = select;
  if (before.length === options.length && options.every(([value], i) => before[i].value === value)) return;
  const { value } = select;
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
  if (options.some(([other]) => other === value)) select.value = value;
}
