/** The benchmark page: `bench.run(step, options)` for the driver, and a button per step for people. */

import { STEPS } from './steps.js';

const status = document.getElementById('status');
const results = document.getElementById('results');

async function run(name, options = {}) {
  const tell = (message) => (status.textContent = `${name}: ${message}`);
  tell('loading');
  const result = await STEPS[name]({ rounds: 30, ...options, tell });
  tell('done');
  results.append(...tables(name, result));
  return result;
}

function tables(title, result) {
  const heading = document.createElement('h2');
  heading.textContent = title;
  const table = document.createElement('table');
  const row = (kind, cells) => {
    const made = table.insertRow();
    for (const cell of cells) made.append(Object.assign(document.createElement(kind), { textContent: cell }));
  };
  row('th', ['', 'median', '10 %', '90 %', 'runs']);
  for (const [name, { median, p10, p90, count }] of Object.entries(result.times ?? {})) {
    row('td', [name, ...[median, p10, p90].map((value) => value.toFixed(1)), count]);
  }
  const rest = document.createElement('pre');
  const { times, ...others } = result;
  rest.textContent = JSON.stringify(others, null, 1);
  return times ? [heading, table, rest] : [heading, rest];
}

for (const name of Object.keys(STEPS)) {
  const button = document.createElement('button');
  button.textContent = name;
  button.addEventListener('click', async () => {
    for (const other of document.querySelectorAll('button')) other.disabled = true;
    await run(name).catch((error) => (status.textContent = `${name}: ${error.stack ?? error}`));
    for (const other of document.querySelectorAll('button')) other.disabled = false;
  });
  document.getElementById('steps').append(button);
}

globalThis.bench = { run };
