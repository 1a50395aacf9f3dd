// The last polls of a service as a line of a word's size.
import {svg} from './dom.js';

const kWidth = 72;
const kHeight = 22;

/** values: lost a second, the oldest first. */
export function spark(values) {
  const most = Math.max(...values, 1e-9);
  const step = kWidth / Math.max(values.length - 1, 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(kHeight - 2 - (kHeight - 4) * (value / most)).toFixed(1)}`);
  const line = points.join(' ');
  return svg('svg', {class: 'spark', viewBox: `0 0 ${kWidth} ${kHeight}`, width: kWidth, height: kHeight, 'aria-hidden': 'true'},
    svg('polygon', {points: `0,${kHeight - 2} ${line} ${kWidth},${kHeight - 2}`}), svg('polyline', {points: line}));
}
