/** A chart of how often each entity was found: a bar each, as an SVG that is as wide as its place. */

import { number } from '../counted.js';

/** @typedef {import('../document-view.js').Hue} Hue */
/** @typedef {import('./summarise.js').EntityCount} EntityCount */
/** @typedef {import('../element.js').Attributes} Attributes */

const SVG = 'http://www.w3.org/2000/svg';
/** Pixels of a row: its words stand over its bar. */
const ROW = 36;
const WORDS = 15;
const BAR = { y: 21, height: 9 };
/** Hues from which on a mark's line is dashed, as style.css has it. */
const DASHED = 12;
/** Pixels that the chart is wide in a file. */
const FILE_WIDTH = 640;
const FILE_MARGIN = 16;

/**
 * @param {EntityCount[]} entities the most frequent first
 * @param {Hue} hue
 * @param {string} label what it is, for those who do not see it
 */
export function drawChart(entities, hue, label) {
  const most = Math.max(1, ...entities.map(({ chunks }) => chunks));
  const rows = entities.map(({ entity, chunks }, i) =>
    shape(
      'g',
      { class: 'chart-row', 'data-entity': entity, 'data-hue': hue(entity) },
      // What the pointer finds between words and bar.
      shape('rect', { class: 'chart-place', y: i * ROW, width: '100%', height: ROW }),
      shape('text', { class: 'chart-name', x: 0, y: i * ROW + WORDS }, entity),
      shape('text', { class: 'chart-count', x: '100%', y: i * ROW + WORDS, 'text-anchor': 'end' }, number.format(chunks)),
      shape('rect', {
        ...{ class: 'chart-bar', x: 1, y: i * ROW + BAR.y, width: `${((chunks / most) * 99).toFixed(2)}%`, height: BAR.height, rx: 2 },
        'stroke-dasharray': hue(entity) < DASHED ? null : '5 3',
      }),
    ),
  );
  return shape('svg', { class: 'chart', role: 'img', 'aria-label': label, width: '100%', height: entities.length * ROW }, ...rows);
}

/**
 * The chart as a file for a paper or a talk: by itself, and in the light colours whatever the page's are.
 * @param {SVGElement} chart which is on the page
 * @returns {string}
 */
export function chartFile(chart) {
  const copy = /** @type {SVGElement} */ (chart.cloneNode(true));
  copy.setAttribute('class', 'chart chart-file');
  chart.after(copy);
  for (const place of copy.querySelectorAll('.chart-place')) place.remove();
  for (const shown of copy.querySelectorAll('text, rect')) {
    const { fill, stroke } = getComputedStyle(shown);
    shown.setAttribute('fill', hex(fill));
    if (stroke !== 'none') shown.setAttribute('stroke', hex(stroke));
  }
  copy.remove();
  for (const each of copy.querySelectorAll('*')) for (const name of ['class', 'data-hue', 'data-entity', 'data-off']) each.removeAttribute(name);
  const height = Number(copy.getAttribute('height'));
  for (const name of ['class', 'role', 'aria-label']) copy.removeAttribute(name);
  const outer = shape(
    'svg',
    {
      ...{ width: FILE_WIDTH, height: height + 2 * FILE_MARGIN, 'font-family': 'Helvetica, Arial, sans-serif', 'font-size': 13 },
      viewBox: `0 0 ${FILE_WIDTH} ${height + 2 * FILE_MARGIN}`,
    },
    shape('title', {}, 'Chunks of each entity'),
    shape('rect', { width: '100%', height: '100%', fill: '#ffffff' }),
    copy,
  );
  for (const [name, value] of Object.entries({ x: FILE_MARGIN, y: FILE_MARGIN, width: FILE_WIDTH - 2 * FILE_MARGIN })) {
    copy.setAttribute(name, String(value));
  }
  return `${new XMLSerializer().serializeToString(outer)}\n`;
}

/**
 * A colour as every program that reads SVG knows it.
 * @param {string} computed by a browser: `color(srgb 0.1 0.2 0.3)`, as the style sheet mixes it for this
 */
function hex(computed) {
  const parts = computed.match(/[\d.e-]+(?=[\s)])/g) ?? [];
  return `#${parts.slice(0, 3).map((part) => twoDigits(Number(part))).join('')}`;
}

/** @param {number} part from 0 to 1; a colour that screens cannot show is beyond */
const twoDigits = (part) => Math.round(255 * Math.min(1, Math.max(0, part))).toString(16).padStart(2, '0');

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} attributes those that are null are left out
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Name]}
 */
function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
}
