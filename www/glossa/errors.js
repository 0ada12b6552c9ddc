/** What callers catch: one class of error, told apart by `code`. */

/** Any failure. `code` stays the same across versions; `message` is for people. */
export class GlossaError extends Error {
  /**
   * @param {string} code `file_missing`, `model_unrecognised` and the other codes of the library, or `cancelled`,
   *   `disposed`, `input_invalid`, `load_limit`, `option_invalid`, `worker_failed`
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'GlossaError';
    this.code = code;
  }
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {AbortSignal} signal that has aborted */
export const cancelled = (signal) => new GlossaError('cancelled', 'cancelled', { cause: signal.reason });

/**
 * @param {string} file path or address
 * @param {string} [reason] how that is known, if not from the host's word
 */
export const fileMissing = (file, reason) =>
  new GlossaError('file_missing', `${file}: no such file${reason ? `: ${reason}` : ''}`);

/**
 * @param {string} file path or address
 * @param {string} reason
 * @param {unknown} [cause]
 */
export const fileUnreadable = (file, reason, cause) =>
  new GlossaError('file_unreadable', `${file}: cannot be read: ${reason}`, { cause });

/**
 * A file that is not the one that a manifest lists, or that the caller expects.
 * @param {string} file path or address
 * @param {string} expected
 * @param {string} found
 */
export const fileMismatch = (file, expected, found) =>
  new GlossaError('file_mismatch', `${file}: is not the file that it should be: expected ${expected}, found ${found}`);
