/** The element's module, with which `document.querySelector('glossa-text')` and `createElement` know the element. */

import type { GlossaText } from './element.js';

export * from './element.js';

declare global {
  interface HTMLElementTagNameMap {
    'glossa-text': GlossaText;
  }
  interface GlobalEventHandlersEventMap {
    'glossa-progress': CustomEvent<import('./annotator.js').LoadProgress>;
    'glossa-annotated': CustomEvent<{ annotation: import('./annotator.js').Annotation }>;
    'glossa-error': CustomEvent<{ error: import('./errors.js').GlossaError }>;
  }
}
