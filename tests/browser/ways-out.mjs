// What a program could send a text away with, and a host that hears whatever comes.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const ANSWER = [
  'HTTP/1.1 200 OK',
  'access-control-allow-origin: *',
  'content-type: text/javascript',
  'content-length: 0',
  'connection: close',
  '\r\n',
].join('\r\n');

/** Listens on a port of its own, to TCP and UDP, and answers every request. */
export async function listener() {
  let heard = '';
  let told = () => {};
  const hear = (data) => {
    heard += data.toString('latin1');
    told();
  };
  const open = new Set();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('data', (data) => {
      hear(data);
      socket.end(ANSWER);
    });
  });
  const datagrams = createSocket('udp4', (data) => hear(Buffer.concat([Buffer.from(`UDP ${mark} `), data])));
  let mark = '';
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => datagrams.bind(port, '127.0.0.1', resolve));
  return {
    port,
    get heard() {
      return heard;
    },
    /** What datagrams that come from now on are put down to. */
    set mark(of) {
      mark = of;
    },
    /** Waits until something has come that contains this. */
    async until(text) {
      while (!heard.includes(text)) await new Promise((resolve) => (told = resolve));
    },
    stop() {
      for (const socket of open) socket.destroy();
      datagrams.close();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** In every kind of thread: functions of an address, which is complete in itself. */
const ANYWHERE = {
  fetch: (address) => fetch(address, { mode: 'no-cors' }),
  'a posted body': (address) => fetch(address, { mode: 'no-cors', method: 'POST', body: address }),
  WebSocket: (address) => new WebSocket(address.replace('http', 'ws')),
  EventSource: (address) => new EventSource(address),
  'a cache': async (address) => (await caches.open('x')).add(address),
};

/** In pages and workers. */
const WITH_DOCUMENT_OR_NOT = {
  ...ANYWHERE,
  XMLHttpRequest: (address) => {
    const request = new XMLHttpRequest();
    request.open('GET', address);
    request.send();
  },
  font: (address) => new FontFace('x', `url(${address})`).load(),
  'a worker from here': (address) => {
    const program = `fetch(${JSON.stringify(address)}, { mode: 'no-cors' })`;
    new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })));
  },
};

export const OF_WORKERS = { ...WITH_DOCUMENT_OR_NOT, import: (address) => import(address) };

export const OF_SERVICE_WORKERS = ANYWHERE;

export const OF_PAGES = {
  ...OF_WORKERS,
  sendBeacon: (address) => navigator.sendBeacon(address),
  image: (address) => (new Image().src = address),
  'an image of a style': (address) => (document.body.style.backgroundImage = `url(${address})`),
  'an image of a style sheet': (address) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`body { background: url(${address}) }`);
    document.adoptedStyleSheets = [sheet];
  },
  'an image in SVG': (address) => {
    const svg = document.body.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
    const image = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'image'));
    image.setAttribute('href', address);
  },
  'an image of a button': (address) => {
    document.body.append(Object.assign(document.createElement('input'), { type: 'image', src: address }));
  },
  video: (address) => document.body.append(Object.assign(document.createElement('video'), { src: address })),
  'a frame': (address) => document.body.append(Object.assign(document.createElement('iframe'), { src: address })),
  'a frame of its own': (address) => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    return frame.contentWindow.fetch(address, { mode: 'no-cors' });
  },
  object: (address) => document.body.append(Object.assign(document.createElement('object'), { data: address })),
  embed: (address) => document.body.append(Object.assign(document.createElement('embed'), { src: address })),
  script: (address) => document.body.append(Object.assign(document.createElement('script'), { src: address })),
  markup: (address) => (document.body.innerHTML = `<img src="${address}">`),
  'safe markup': (address) => {
    document.body.setHTML(`<a href="${address}">x</a>`);
    document.querySelector('a').click();
  },
  stylesheet: (address) => document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: address })),
  prefetch: (address) => document.head.append(Object.assign(document.createElement('link'), { rel: 'prefetch', href: address })),
  preload: (address) => document.head.append(Object.assign(document.createElement('link'), { rel: 'preload', as: 'image', href: address })),
  modulepreload: (address) => document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: address })),
  form: (address) => {
    const form = Object.assign(document.createElement('form'), { action: address, method: 'POST' });
    document.body.append(form);
    form.submit();
  },
  ping: (address) => Object.assign(document.createElement('a'), { href: '#x', ping: address }).click(),
  'a link': (address) => Object.assign(document.createElement('a'), { href: address }).click(),
  'a link to a new tab': (address) => Object.assign(document.createElement('a'), { href: address, target: '_blank' }).click(),
  'a link that saves': (address) => Object.assign(document.createElement('a'), { href: address, download: 'x' }).click(),
  'a new window': (address) => window.open(address),
  'a new window of the document': (address) => document.open(address, 'x', 'width=300'),
  refresh: (address) => {
    const meta = document.createElement('meta');
    Object.assign(meta, { httpEquiv: 'refresh', content: `0;url=${address}` });
    document.head.append(meta);
  },
  location: (address) => location.assign(address),
  navigation: (address) => {
    const { committed, finished } = window.navigation.navigate(address);
    // Whoever looks after one of them is told of both.
    finished.catch(() => {});
    return committed;
  },
  WebRTC: async (address) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${new URL(address).port}` }] });
    connection.createDataChannel('x');
    await connection.setLocalDescription(await connection.createOffer());
  },
};

/**
 * Tries a way, of which nobody waits for the end.
 * @param {{ evaluate: Function }} thread a page or worker of playwright's
 */
export async function attempt(thread, way, address) {
  const program = `void (async () => (${way})(${JSON.stringify(address)}))().catch(() => {})`;
  // A page that a way leads away from does not answer.
  await thread.evaluate(program).catch(() => {});
}
