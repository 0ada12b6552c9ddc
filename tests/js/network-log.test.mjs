// The page's account of the network: which requests count, whose they are, and the line that says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineFor } from '../../www/page/network-line.js';
import { NetworkLog } from '../../www/page/network-log.js';

const HOST = 'https://host.test';

/** A log of a visit that began at 1000, and its clock. */
function visit() {
  const clock = { now: 1000 };
  const log = new NetworkLog({ page: `${HOST}/glossa/?model=m/`, from: 1000, now: () => clock.now });
  const textAt = (now) => {
    clock.now = now;
    log.textCameIn();
  };
  return { log, textAt };
}

const request = (path, begin, more = {}) => ({
  address: path.startsWith('/') ? `${HOST}${path}` : path,
  begin,
  sent: begin + 1,
  end: begin + 10,
  bytes: 100,
  fromDevice: false,
  viaServiceWorker: false,
  hadText: false,
  ...more,
});

const addresses = (requests) => requests.map(({ address }) => address.replace(HOST, ''));

test('what was loaded is counted by origin, each file once, what the device had apart', () => {
  const { log } = visit();
  log.add('page', { requests: [request('/a.js', 1001), request('/a.css', 1002, { fromDevice: true })] });
  log.add('worker', { requests: [request('/a.js', 1100), request('https://other.test/b', 1200, { bytes: 0 })] });
  assert.deepEqual(log.account.origins, [
    { origin: HOST, files: 2, bytes: 200, deviceBytes: 100 },
    { origin: 'https://other.test', files: 1, bytes: 0, deviceBytes: 0 },
  ]);
  assert.equal(lineFor(log.account).kind, 'no-text');
});

test('the first text begins the account, and a request that was sent before it is not of it', () => {
  const { log, textAt } = visit();
  log.add('page', { requests: [request('/a.js', 1001)] });
  textAt(2000);
  textAt(3000);
  log.add('worker', { requests: [request('/model', 1990, { end: 5000 })] });
  const { since, sent } = log.account;
  assert.deepEqual([since, sent], [2000, []]);
  assert.match(lineFor(log.account).words, /^0 bytes sent since your text came in at \d\d:\d\d: no request was made\.$/);
  // A browser sends a few at a time.
  log.add('worker', { requests: [request('/vocabulary', 1990, { sent: 2001 })] });
  assert.deepEqual(addresses(log.account.sent), ['/vocabulary']);
  assert.equal(lineFor(log.account).kind, 'without-text');
});

test('a text that a worker was given has come in, also if nothing else said so', () => {
  const { log, textAt } = visit();
  log.add('worker', { textSince: 1500 });
  assert.equal(log.account.since, 1500);
  textAt(2000);
  log.add('worker', { textSince: 3000 });
  assert.equal(log.account.since, 1500);
});

test('requests of threads without the text are told apart from those of threads that have it', () => {
  const { log, textAt } = visit();
  textAt(2000);
  log.add('worker', { requests: [request('/model', 2001)] });
  log.add('service worker', { requests: [request('/page-files.json', 2002)] });
  assert.deepEqual(addresses(log.account.sent), ['/model', '/page-files.json']);
  assert.deepEqual(log.account.byHolders, []);
  assert.match(lineFor(log.account).words, /^Nothing of yours was sent since .*\. 2 requests for files, by parts of this page that did not have it\.$/);
  log.add('worker', { requests: [request('/late', 2003, { hadText: true })] });
  log.add('page', { requests: [request('/by-the-page', 2004)] });
  assert.deepEqual(addresses(log.account.byHolders), ['/late', '/by-the-page']);
  assert.deepEqual(lineFor(log.account).kind, 'with-text');
  assert.match(lineFor(log.account).words, /^2 requests were made since .* by parts of this page that have it\.$/);
});

test('what came from the device was not sent, unless the service worker asked the network for it at that moment', () => {
  const { log, textAt } = visit();
  textAt(2000);
  const answered = { fromDevice: true, viaServiceWorker: true };
  log.add('page', { requests: [request('/kept', 2001, answered), request('/passed-on', 2100, answered)] });
  assert.deepEqual(log.account.sent, []);
  log.add('service worker', { requests: [request('/passed-on', 2102), request('/kept', 9000)] });
  assert.deepEqual(
    log.account.sent.map(({ thread, address, hadText }) => [thread, address.replace(HOST, ''), hadText]),
    [['page', '/passed-on', true], ['service worker', '/kept', false]],
  );
});

test('a request that goes through the service worker is one request, not two', () => {
  const { log, textAt } = visit();
  textAt(2000);
  log.add('worker', { requests: [request('/manifest.json', 2100, { viaServiceWorker: true })] });
  log.add('service worker', { requests: [request('/manifest.json', 2103)] });
  assert.deepEqual(log.account.sent.map(({ thread }) => thread), ['worker']);
  // Before it takes a page's requests, both may ask for the same at once.
  log.add('worker', { requests: [request('/worker.js', 2200)] });
  log.add('service worker', { requests: [request('/worker.js', 2203)] });
  assert.deepEqual(addresses(log.account.sent), ['/manifest.json', '/worker.js', '/worker.js']);
});

test('the service worker may tell of a request twice, and of those before this visit', () => {
  const { log, textAt } = visit();
  textAt(1000);
  assert.equal(log.account.hasServiceWorkers, false);
  log.add('service worker', { requests: [request('/before', 999), request('/list', 1500)] });
  log.add('service worker', { requests: [request('/list', 1500)] });
  assert.deepEqual(addresses(log.account.sent), ['/list']);
  assert.equal(log.account.hasServiceWorkers, true);
});

test('an attempt that was blocked is told, and is no request', () => {
  const { log, textAt } = visit();
  textAt(2000);
  const elsewhere = 'https://elsewhere.test/?text';
  log.add('page', { requests: [request(elsewhere, 2001, { bytes: 0 })], blocked: [{ rule: 'img-src', target: elsewhere }] });
  assert.deepEqual(log.account.sent, []);
  assert.deepEqual(log.account.origins, []);
  assert.deepEqual(log.account.blocked, [{ thread: 'page', rule: 'img-src', target: elsewhere }]);
  assert.match(lineFor(log.account).words, /no request was made\. 1 attempt to reach the network was blocked\.$/);
});
