/** What callers catch. */

/** Any failure; `code` stays the same across versions, `message` is for people. */
export class GlossaError extends Error {
  /**
   * @param {string} code `file_missing`, `model_unrecognised`, … as the engine names them, or `cancelled`,
   *   `disposed`, `input_invalid`, `option_invalid`, `worker_failed`
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'GlossaError';
    this.code = code;
  }
}

/** The error of what an `AbortSignal` ended. */
export const cancelled = (signal) => new GlossaError('cancelled', 'cancelled', { cause: signal.reason });
