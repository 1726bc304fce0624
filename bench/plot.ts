/** A plain picture of how one figure grows with another, both axes logarithmic, as SVG. */

export interface Series {
  readonly title: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const width = 420;
const height = 300;
const margin = { left: 60, right: 20, top: 40, bottom: 40 };

/** One panel for each series, side by side. */
export function logPlot(series: readonly Series[]): string {
  const panels = series.map((one, at) => `<g transform="translate(${at * width} 0)">${panel(one)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width * series.length}" height="${height}" font-family="sans-serif" font-size="12">
<title>${series.map(({ title }) => title).join('; ')}</title>
<rect width="100%" height="100%" fill="white"/>
${panels.join('\n')}
</svg>
`;
}

function panel({ title, points }: Series): string {
  const x = scale(
    points.map((point) => point.x),
    margin.left,
    width - margin.right,
  );
  const y = scale(
    points.map((point) => point.y),
    height - margin.bottom,
    margin.top,
  );
  const line = points.map((point) => `${x.at(point.x)},${y.at(point.y)}`).join(' ');
  const dots = points.map((point) => `<circle cx="${x.at(point.x)}" cy="${y.at(point.y)}" r="3"/>`);
  const across = x.decades.map(
    (value) =>
      `<line x1="${x.at(value)}" x2="${x.at(value)}" y1="${margin.top}" y2="${height - margin.bottom}" stroke="#ddd"/>` +
      `<text x="${x.at(value)}" y="${height - margin.bottom + 18}" text-anchor="middle">${value}</text>`,
  );
  const up = y.decades.map(
    (value) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y.at(value)}" y2="${y.at(value)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 6}" y="${y.at(value) + 4}" text-anchor="end">${value}</text>`,
  );
  return `<text x="${width / 2}" y="20" text-anchor="middle" font-weight="bold">${title}</text>
${across.join('')}${up.join('')}
<polyline points="${line}" fill="none" stroke="#06c" stroke-width="2"/><g fill="#06c">${dots.join('')}</g>`;
}

/** Whole decades around the values, and where a value lies between two places. */
function scale(values: readonly number[], from: number, to: number) {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))));
  const decades = Array.from({ length: most - least + 1 }, (_, index) => Number(`1e${least + index}`));
  const at = (value: number) =>
    Math.round(from + ((Math.log10(value) - least) / (most - least)) * (to - from));
  return { decades, at };
}
