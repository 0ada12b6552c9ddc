/** Long work in slices, so that a browser can draw and take what its user does. */

/** Milliseconds of a slice. */
const SLICE_MS = 20;

/**
 * A pause to await wherever the work may stop: it lets others have their turn if the slice is over.
 * @returns {() => Promise<void> | undefined}
 */
export function slices() {
  let start = performance.now();
  return () => {
    if (performance.now() - start < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        start = performance.now();
        resolve();
      });
    });
  };
}
