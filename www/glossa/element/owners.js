/** Which element annotates what: marks of two around the same text nodes would undo each other. */

import { GlossaError } from '../errors.js';
import { isLeftOut } from './read-text.js';

/** @type {Map<Element, Element>} what is annotated, by which element */
const owners = new Map();

/**
 * Has an element annotate another, or itself, until {@link disown}.
 * @param {Element} target
 * @param {Element} owner
 * @throws {GlossaError} `option_invalid` if another one annotates it, or a part of it, or what it is in
 */
export function own(target, owner) {
  for (const [other, another] of owners) {
    // One that is gone has only not been told yet.
    if (another === owner || !another.isConnected || !overlap(target, other)) continue;
    throw new GlossaError('option_invalid', 'for: the element, or a part of it, is annotated by another element');
  }
  owners.set(target, owner);
}

/**
 * @param {Element} target
 * @param {Element} owner
 */
export function disown(target, owner) {
  if (owners.get(target) === owner) owners.delete(target);
}

/**
 * Whether there are text nodes that would be read for both.
 * @param {Element} one
 * @param {Element} other
 */
function overlap(one, other) {
  const [outer, inner] = one.contains(other) ? [one, other] : [other, one];
  if (!outer.contains(inner)) return false;
  for (let at = inner; at !== outer; at = /** @type {Element} */ (at.parentElement)) if (isLeftOut(at)) return false;
  return true;
}
