/** A plain picture of a few lines, both axes from 0, as SVG. */

export interface LinePlot {
  readonly title: string;
  readonly lines: readonly {
    readonly title: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
}

const width = 640;
const height = 360;
const margin = { left: 60, right: 150, top: 40, bottom: 40 };
const colours = ['#06c', '#c60', '#393', '#909', '#666', '#a00'];

export function linePlot({ title, lines }: LinePlot): string {
  const points = lines.flatMap((line) => line.points);
  const x = axis(Math.max(...points.map((point) => point.x)), margin.left, width - margin.right);
  const y = axis(Math.max(...points.map((point) => point.y)), height - margin.bottom, margin.top);
  const across = x.marks.map(
    (value) =>
      `<line x1="${x.at(value)}" x2="${x.at(value)}" y1="${margin.top}" y2="${height - margin.bottom}" stroke="#ddd"/>` +
      `<text x="${x.at(value)}" y="${height - margin.bottom + 18}" text-anchor="middle">${value}</text>`,
  );
  const up = y.marks.map(
    (value) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y.at(value)}" y2="${y.at(value)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 6}" y="${y.at(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const drawn = lines.map((line, number) => {
    const colour = colours[number % colours.length];
    const places = line.points.map((point) => `${x.at(point.x)},${y.at(point.y)}`);
    const key = margin.top + 20 * number;
    return (
      `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      `<line x1="${width - margin.right + 12}" x2="${width - margin.right + 32}" y1="${key}" y2="${key}" stroke="${colour}" stroke-width="2"/>` +
      `<text x="${width - margin.right + 38}" y="${key + 4}">${line.title}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="${width / 2}" y="20" text-anchor="middle" font-weight="bold">${title}</text>
${across.join('')}${up.join('')}
${drawn.join('\n')}
</svg>
`;
}

/** Round steps from 0 to beyond the largest value, and where a value lies between two places. */
function axis(largest: number, from: number, to: number) {
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const count = Math.ceil(largest / step);
  const marks = Array.from({ length: count + 1 }, (_, index) => index * step);
  const at = (value: number) => Math.round(from + (value / (count * step)) * (to - from));
  return { marks, at };
}
