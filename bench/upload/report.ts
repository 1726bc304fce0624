/** Tables and plot of the upload bench. */
import { linePlot } from '../line-plot.ts';
import { median, type Table } from '../measure.ts';

import { type DelayResult, ours } from './delays.ts';

const secondsOf = ({ costs }: DelayResult, name: string) =>
  median((costs[name] ?? []).map(({ seconds }) => seconds));
const cpuOf = ({ costs }: DelayResult, name: string) =>
  median((costs[name] ?? []).map(({ cpuSeconds }) => cpuSeconds));

export function tables(results: readonly DelayResult[], size: number, peers: readonly string[]): Table[] {
  const speed = (result: DelayResult, name: string) => Math.round(size / 1e6 / secondsOf(result, name));
  const factor = (result: DelayResult, name: string) =>
    `${(secondsOf(result, name) / secondsOf(result, ours)).toFixed(1)} ×`;
  const perGb = (result: DelayResult, name: string) => `${(cpuOf(result, name) / (size / 1e9)).toFixed(1)} s`;
  return [
    {
      title: `One archive of ${size / 1e6} MB to an OpenSSH server, MB/s; in brackets how many times faster ours is`,
      rows: [
        ['round trip', ours, ...peers, 'the link itself'],
        ...results.map((result) => [
          `${result.rttMs} ms`,
          String(speed(result, ours)),
          ...peers.map((name) => `${speed(result, name)} (${factor(result, name)})`),
          String(Math.round(result.ceiling / 1e6)),
        ]),
      ],
      data: results,
    },
    {
      title: 'Processor time per GB, and memory above idle',
      rows: [
        ['round trip', ours, ...peers, 'memory of ours'],
        ...results.map((result) => [
          `${result.rttMs} ms`,
          perGb(result, ours),
          ...peers.map((name) => perGb(result, name)),
          `${Math.round(result.memory / 1e6)} MB`,
        ]),
      ],
      data: results.map(({ rttMs, memory }) => ({ rttMs, memory })),
    },
  ];
}

export function plotSpeeds(results: readonly DelayResult[], size: number): string {
  const names = Object.keys(results[0]?.costs ?? {});
  return linePlot({
    title: 'MB/s against the round trip in ms',
    lines: names.map((name) => ({
      title: name,
      points: results.map((result) => ({ x: result.rttMs, y: size / 1e6 / secondsOf(result, name) })),
    })),
  });
}
