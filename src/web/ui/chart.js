// Stacked areas of time by cause, and lines of exchange times, drawn by uPlot.
import {h} from './dom.js';
import {causeWords, clock, rate, time} from './format.js';

const kHeight = 260;
const kHint = 'Point at a moment to read it.';
const kSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800];

/** The colour of a cause, or any other of style.css, as it is in the theme now. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';

/** Whether the program was built with the charts' library. */
export const canDraw = () => typeof window.uPlot === 'function';

/** begins and ends of slots, with a hole where nobody polled. */
function axis(slots) {
  const {begin_ms: begins, length_ms: lengths} = slots;
  const places = [];  // {at: seconds, slot: index or null}
  begins.forEach((begin, slot) => {
    const end = slot === 0 ? begin : begins[slot - 1] + lengths[slot - 1];
    if (begin > end + 2.5 * lengths[slot]) places.push({at: end / 1000, slot: null});
    places.push({at: begin / 1000, slot});
  });
  const last = begins.length - 1;
  if (last >= 0) places.push({at: (begins[last] + lengths[last]) / 1000, slot: last});
  return places;
}

const shared = (element, title) => ({
  width: Math.max(element.clientWidth, 200),
  height: kHeight,
  legend: {show: false},
  cursor: {y: false, points: {size: 6}, drag: {x: false, y: false}},
  padding: [12, 12, 0, 0],
  axes: [
    {stroke: colour('--soft'), size: 34, space: 76, incrs: kSteps, grid: {stroke: colour('--line'), width: 1}, ticks: {stroke: colour('--line'), width: 1, size: 5},
     values: [[86400, '{YYYY}-{MM}-{DD}'], [3600, '{HH}:{mm}'], [60, '{HH}:{mm}'], [1, '{HH}:{mm}:{ss}']].map((one) => [...one, null, null, null, null, null, null, 0])},
    {stroke: colour('--soft'), grid: {stroke: colour('--line'), width: 1}, ticks: {show: false}, size: 64, values: title},
  ],
});

class Chart {
  constructor(label) {
    this.canvas = h('div', {class: 'canvas', role: 'img', 'aria-label': label});
    this.readout = h('p', {class: 'readout'}, canDraw() ? kHint : '');
    this.resizer = new ResizeObserver(() => {
      if (this.plot && this.canvas.clientWidth) this.plot.setSize({width: this.canvas.clientWidth, height: kHeight});
    });
    this.resizer.observe(this.canvas);
    this.repaint = () => this.drawn && this.draw(...this.drawn);
    addEventListener('themechange', this.repaint);
  }

  /** Of the same series new numbers are put in; else it is made anew. */
  put(signature, data, options) {
    if (this.plot && this.signature === signature) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.signature = signature;
    this.plot = new window.uPlot(options(), data, this.canvas);
  }

  leave() {
    removeEventListener('themechange', this.repaint);
    this.resizer.disconnect();
    this.plot?.destroy();
  }
}

const themeNow = () => `${document.documentElement.dataset.theme}/${matchMedia('(prefers-color-scheme: dark)').matches}`;

/** The budget of a service: time a second by cause. */
export class BudgetChart extends Chart {
  constructor() {
    super('Lost time a second by cause, as stacked areas; the figures are in the list beside it');
    this.legend = h('ul', {class: 'legend'});
    this.element = h('div', {class: 'chart'}, this.canvas, this.legend, this.readout);
  }

  /** causes: those to draw, the lowest first. */
  draw(slots, causes) {
    this.drawn = [slots, causes];
    this.list(slots, causes);
    if (!canDraw()) return;
    const places = axis(slots);
    const rates = causes.map((cause) => places.map(({slot}) => (slot === null ? null : (slots.budget_ms[cause][slot] / slots.length_ms[slot]) * 1000)));
    const sums = rates.map((_, at) => places.map((place, i) => (place.slot === null ? null : rates.slice(0, at + 1).reduce((sum, one) => sum + Math.max(one[i], 0), 0))));
    // The tallest is drawn first, and those below it over it.
    const order = causes.map((cause, at) => ({cause, at})).reverse();
    const data = [places.map(({at}) => at), ...order.map(({at}) => sums[at])];
    this.rates = rates;
    this.places = places;
    this.causes = causes;
    const stepped = window.uPlot.paths.stepped({align: 1});
    this.put(`${causes.join()} ${themeNow()}`, data, () => ({
      ...shared(this.canvas, (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : rate(tick)))),
      scales: {y: {range: (_, low, high) => [0, Math.max(high * 1.1, 0.01)]}},
      hooks: {setCursor: [(plot) => this.read(plot.cursor.idx)]},
      series: [{}, ...order.map(({cause}) => ({label: causeWords(cause), stroke: colour(`--${cause}`), fill: colour(`--${cause}`), width: 1, paths: stepped, points: {show: false}, spanGaps: false}))],
    }));
  }

  list(slots, causes) {
    const totals = causes.map((cause) => [cause, slots.budget_ms[cause].reduce((sum, one) => sum + one, 0)]);
    this.legend.replaceChildren(...totals.sort((a, b) => b[1] - a[1]).map(([cause, total]) =>
      h('li', {}, h('span', {class: `swatch ${cause}`}), h('span', {}, causeWords(cause)), h('b', {}, time(total)))));
  }

  read(index) {
    const place = this.places?.[index];
    if (!place || place.slot === null) {
      this.readout.textContent = kHint;
      return;
    }
    const parts = this.causes.map((cause, at) => [cause, this.rates[at][index]]).filter(([, value]) => value > 0);
    this.readout.textContent = `${clock(place.at * 1000)}: ${parts.map(([cause, value]) => `${causeWords(cause)} ${rate(value)}`).join(', ') || 'nothing'}`;
  }
}

/** How long exchanges took: half of them, and 99 of 100. */
export class TimesChart extends Chart {
  constructor() {
    super('Median and 99th percentile of the time of an exchange');
    this.element = h('div', {class: 'chart'}, this.canvas,
      h('ul', {class: 'legend'}, h('li', {}, h('span', {class: 'swatch p99'}), 'P99'), h('li', {}, h('span', {class: 'swatch p50'}), 'P50')), this.readout);
  }

  draw(slots) {
    this.drawn = [slots];
    if (!canDraw()) return;
    const places = axis(slots);
    const line = (times) => places.map(({slot}) => (slot === null ? null : times[slot]));
    const data = [places.map(({at}) => at), line(slots.p99_ms), line(slots.p50_ms)];
    this.places = places;
    this.slots = slots;
    const stepped = window.uPlot.paths.stepped({align: 1});
    const series = (name) => ({label: name, stroke: colour(`--${name}`), width: 2, paths: stepped, points: {show: false}, spanGaps: true});
    this.put(themeNow(), data, () => ({
      ...shared(this.canvas, (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : time(tick)))),
      scales: {y: {range: (_, low, high) => [0, Math.max((high ?? 0) * 1.1, 0.01)]}},
      hooks: {setCursor: [(plot) => this.read(plot.cursor.idx)]},
      series: [{}, series('p99'), series('p50')],
    }));
  }

  read(index) {
    const place = this.places?.[index];
    if (!place || place.slot === null) {
      this.readout.textContent = kHint;
      return;
    }
    const {p50_ms: p50, p99_ms: p99, exchanges} = this.slots;
    this.readout.textContent = `${clock(place.at * 1000)}: ${exchanges[place.slot]} exchanges, half within ${time(p50[place.slot])}, 99 of 100 within ${time(p99[place.slot])}`;
  }
}
