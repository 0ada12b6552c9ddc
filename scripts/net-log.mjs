// What a browser has sent, by the log of its network (`--log-net-log`, `--net-log-capture-mode=Everything`): that of the page,
// of its workers, and of the browser itself.
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Sent
 * @property {{ method: string, address: string, bytes: number, time: number }[]} requests in their order; bytes of headers and
 *   body, 0 where the browser had the answer itself; time of its being sent, otherwise of its begin, in milliseconds since 1970
 * @property {string[]} names hosts whose address was asked for
 * @property {Buffer[]} data all that went into sockets, by socket, before it was encrypted
 * @property {number} bytes
 */

/**
 * @param {string} path of a log whose browser has ended
 * @returns {Sent}
 */
export function sentBy(path) {
  const { constants, events } = JSON.parse(readFileSync(path, 'utf8'));
  const typeOf = new Map(Object.entries(constants.logEventTypes).map(([name, number]) => [number, name]));
  const requests = new Map();
  const sockets = new Map();
  const names = new Set();
  let bytes = 0;
  const epoch = Number(constants.timeTickOffset);
  for (const { type, source, params, time } of events) {
    const name = typeOf.get(type);
    const request = requests.get(source.id);
    if (name === 'URL_REQUEST_START_JOB' && params?.url) {
      requests.set(source.id, request ?? { method: params.method, address: params.url, bytes: 0, time: epoch + Number(time) });
    } else if (request && /^HTTP_TRANSACTION_(HTTP2_|QUIC_)?SEND_REQUEST_HEADERS$/.test(name) && params) {
      request.bytes += [params.line ?? '', ...(Array.isArray(params.headers) ? params.headers : [])].join('\r\n').length;
      request.time = epoch + Number(time);
    } else if (request && name === 'HTTP_TRANSACTION_SEND_REQUEST_BODY') {
      request.bytes += params.length;
    } else if (/^HOST_RESOLVER_MANAGER_(REQUEST|JOB)$/.test(name) && params?.host) {
      names.add(params.host);
    } else if (/BYTES_SENT$/.test(name) && params) {
      if (!/^SSL/.test(name)) bytes += params.byte_count;
      if (params.bytes) sockets.set(source.id, [...(sockets.get(source.id) ?? []), Buffer.from(params.bytes, 'base64')]);
    }
  }
  return {
    requests: [...requests.values()],
    names: [...names],
    data: [...sockets.values()].map((pieces) => Buffer.concat(pieces)),
    bytes,
  };
}
