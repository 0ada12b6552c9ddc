// Line plots as SVG, for docs/performance.md.

const [WIDTH, HEIGHT] = [640, 360];
const AREA = { left: 70, right: 20, top: 40, bottom: 50 };
const COLOURS = ['#0b63b3', '#b3450b', '#3b7d23'];

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
const rounded = (value) => Number(value.toFixed(1));

/** Marks of an axis: powers of ten, or steps of 1, 2 or 5 that make at most eight. */
function marksOf([low, high], logarithmic) {
  if (logarithmic) {
    const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  }
  const power = 10 ** Math.floor(Math.log10(high / 8));
  const step = [1, 2, 5, 10].map((by) => by * power).find((by) => high / by <= 8);
  return Array.from({ length: Math.ceil(high / step) + 1 }, (_, i) => i * step);
}

const shortened = (value) => (value >= 1e6 ? `${value / 1e6} M` : value >= 1e4 ? `${value / 1e3} k` : String(rounded(value)));

/**
 * @param {{ title: string, x: string, y: string, logarithmic?: boolean,
 *   series: { name: string, points: [number, number][], dashed?: boolean }[] }} what `logarithmic` is for both axes
 * @returns {string} the SVG file
 */
export function plot({ title, x, y, logarithmic = false, series }) {
  const points = series.flatMap((line) => line.points);
  const axis = (i, from, to) => {
    const values = points.map((point) => point[i]);
    const marks = marksOf([Math.min(...values), Math.max(...values)], logarithmic);
    const scale = logarithmic ? Math.log10 : (value) => value;
    const [low, high] = [marks[0], marks.at(-1)].map(scale);
    return { marks, at: (value) => rounded(from + ((scale(value) - low) / (high - low)) * (to - from)) };
  };
  const across = axis(0, AREA.left, WIDTH - AREA.right);
  const up = axis(1, HEIGHT - AREA.bottom, AREA.top);
  const [bottom, right] = [HEIGHT - AREA.bottom, WIDTH - AREA.right];
  const grid = [
    ...across.marks.map((mark) => {
      const at = across.at(mark);
      return `<path d="M${at} ${AREA.top}V${bottom}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${shortened(mark)}</text>`;
    }),
    ...up.marks.map((mark) => {
      const at = up.at(mark);
      return `<path d="M${AREA.left} ${at}H${right}"/><text x="${AREA.left - 8}" y="${at + 4}" text-anchor="end">${shortened(mark)}</text>`;
    }),
  ];
  const lines = series.flatMap(({ name, points, dashed }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([px, py], n) => `${n ? 'L' : 'M'}${across.at(px)} ${up.at(py)}`).join('');
    const dots = dashed ? [] : points.map(([px, py]) => `<circle cx="${across.at(px)}" cy="${up.at(py)}" r="3" fill="${colour}"/>`);
    const label = `<text x="${AREA.left + 12}" y="${AREA.top + 18 + 18 * i}" fill="${colour}">${escaped(name)}</text>`;
    return [`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`, ...dots, label];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${AREA.left}" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<g fill="#555"><g stroke="#ddd" stroke-width="1">`,
    ...grid.map((mark) => mark.replace('<text', '<text stroke="none"')),
    '</g>',
    `<text x="${(AREA.left + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(16 ${(AREA.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text></g>`,
    ...lines,
    '</svg>',
  ].join('\n')}\n`;
}

/** The coefficients of the polynomial of degree 2 nearest to the points, relative errors squared and summed. */
export function quadraticFit(points) {
  const sums = Array.from({ length: 3 }, () => [0, 0, 0, 0]);
  for (const [x, y] of points) {
    const terms = [1, x, x * x].map((term) => term / y);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) sums[i][j] += terms[i] * terms[j];
      sums[i][3] += terms[i];
    }
  }
  for (let i = 0; i < 3; i++) {
    for (let row = 0; row < 3; row++) {
      if (row === i) continue;
      const by = sums[row][i] / sums[i][i];
      for (let j = i; j < 4; j++) sums[row][j] -= by * sums[i][j];
    }
  }
  return sums.map((row, i) => row[3] / row[i]);
}
