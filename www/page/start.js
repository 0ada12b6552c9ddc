/** From the page as it is without its script to the page with it. */

/**
 * Makes the controls do what they say: without the script buttons open the note that tells why nothing works, and
 * nothing takes files.
 */
export function started() {
  for (const button of document.querySelectorAll('[popovertarget="not-started"]')) button.removeAttribute('popovertarget');
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[type="file"]'))) {
    input.disabled = false;
  }
  document.getElementById('not-started')?.remove();
}
