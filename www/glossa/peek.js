/**
 * The first bytes of a response's body, which leaves the body to be read.
 * @param {Response} response
 * @param {number} count how many, if there are as many
 * @returns {Promise<Uint8Array | undefined>} undefined if the body breaks off: whoever reads it is told
 */
export async function peek(response, count) {
  const { body } = response.clone();
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  const start = new Uint8Array(count);
  let length = 0;
  try {
    while (length < count) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, count - length);
      start.set(part, length);
      length += part.length;
    }
    return start.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    reader.cancel().catch(() => {});
  }
}
