/** The panel of options lies over the text: how it comes into view, and how it is put away. */

import { scrollTo } from './render.js';

/**
 * @param {HTMLDetailsElement} panel
 * @param {HTMLElement} close the button that does so
 */
export function closable(panel, close) {
  const shut = () => {
    panel.open = false;
    panel.querySelector('summary')?.focus();
  };
  close.addEventListener('click', shut);
  panel.addEventListener('toggle', () => {
    if (panel.open) scrollTo(/** @type {Element} */ (panel.lastElementChild), 'nearest');
  });
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    shut();
  });
}
