/** The elements of index.html that the scripts work with. */

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} id a `data-testid`
 */
export const find = (id) => /** @type {E} */ (document.querySelector(`[data-testid="${id}"]`));

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} id
 */
export const byId = (id) => /** @type {E} */ (/** @type {unknown} */ (document.getElementById(id)));
