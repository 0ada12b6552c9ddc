/** Draws the legend that stands beside the document. */

import { number } from './counted.js';
import { element } from './element.js';

/** @typedef {import('./document-view.js').Drawing} Drawing */
/** @typedef {import('./document-view.js').Hue} Hue */

/** Colours in style.css; entities beyond take them from the start again. */
const HUES = 24;

/**
 * The colour of each entity: by its place among the model's entities.
 * @param {string[]} entities
 * @returns {Hue}
 */
export function hues(entities) {
  const places = new Map(entities.map((entity, i) => [entity, i % HUES]));
  return (entity) => places.get(entity) ?? HUES - 1;
}

/**
 * Fills the legend: one toggle per entity of the model with its number of chunks, those found first.
 * @param {HTMLElement} target
 * @param {string[]} entities
 * @param {Omit<Drawing, 'text'>} drawing
 * @param {(entity: string, visible: boolean) => void} onToggle
 */
export function renderLegend(target, entities, { chunks, hue, hidden }, onToggle) {
  const counts = new Map(entities.map((entity) => [entity, 0]));
  for (const { entity } of chunks) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  const foundFirst = [...counts].sort(([, a], [, b]) => Number(b > 0) - Number(a > 0));
  const buttons = foundFirst.map(([entity, count]) => {
    const button = element(
      'button',
      {
        type: 'button',
        'data-entity': entity,
        'data-hue': hue(entity),
        'data-count': count,
        'aria-pressed': String(!hidden.has(entity)),
        disabled: count ? null : '',
      },
      element('span', { class: 'name' }, entity),
      element('span', { class: 'count' }, number.format(count)),
    );
    button.addEventListener('click', () => {
      const visible = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(visible));
      onToggle(entity, visible);
    });
    return button;
  });
  target.replaceChildren(...buttons);
}

/**
 * Fills the layers: one toggle for each.
 * @param {HTMLElement} target
 * @param {string[]} layers
 * @param {Set<string>} off those that are switched off
 * @param {(layer: string, visible: boolean) => void} onToggle
 */
export function renderLayers(target, layers, off, onToggle) {
  const made = layers.map((layer) => {
    const box = element('input', { type: 'checkbox', value: layer, autocomplete: 'off' });
    box.checked = !off.has(layer);
    box.addEventListener('change', () => onToggle(layer, box.checked));
    return element('label', {}, box, layer);
  });
  const { activeElement } = document;
  const focused = activeElement instanceof HTMLInputElement && target.contains(activeElement) ? activeElement.value : undefined;
  target.replaceChildren(element('span', {}, 'Layers'), ...made);
  if (focused !== undefined) made[layers.indexOf(focused)]?.querySelector('input')?.focus();
}

/**
 * @param {Element} element
 * @param {'start' | 'center' | 'nearest'} block where on the screen it comes to be
 * @param {boolean} [smooth] whether one sees the way
 */
export function scrollTo(element, block, smooth = true) {
  const behavior = !smooth || matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  element.scrollIntoView({ block, behavior });
}
