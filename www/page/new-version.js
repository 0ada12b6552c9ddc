/** The quiet note that a newer version of the page is ready. An open page keeps its own version until it is reloaded. */

import { element } from './element.js';

/**
 * @param {HTMLElement} note
 * @param {() => boolean} hasText whether there is a text that a reload would lose
 */
export function announceNewVersion(note, hasText) {
  const worker = navigator.serviceWorker;
  if (!worker) return;
  worker.addEventListener('message', ({ data }) => {
    if (data?.type === 'new-version' && !note.hasChildNodes()) show(note, hasText);
  });
  const ask = (/** @type {boolean} */ look) => worker.controller?.postMessage({ type: 'is-newest', look });
  // This page may have been opened just before the newer version had come.
  ask(false);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask(true));
}

/**
 * @param {HTMLElement} note
 * @param {() => boolean} hasText
 */
function show(note, hasText) {
  const said = element('span', {}, 'A newer version of this page is ready. You get it with your next visit, or now:');
  const button = element('button', { type: 'button', class: 'quiet' }, 'Reload');
  let warned = false;
  button.addEventListener('click', () => {
    if (!warned && hasText()) {
      warned = true;
      said.textContent = 'Reloading empties the text box. Copy your text first if you still need it.';
      button.textContent = 'Reload without the text';
      return;
    }
    location.reload();
  });
  note.replaceChildren(said, button);
}
