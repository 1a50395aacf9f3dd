// A choice of one among a few, as a row of buttons.
import {h} from './dom.js';

/** options: [[value, text, title]]. */
export function choice({label, options, value, onChoose}) {
  const buttons = options.map(([option, text, title]) => {
    const button = h('button', {type: 'button', 'aria-pressed': String(option === value), title}, text);
    button.addEventListener('click', () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      onChoose(option);
    });
    return button;
  });
  return h('div', {class: 'choice', role: 'group', 'aria-label': label}, ...buttons);
}

export const kSpans = [['10m', '10 min'], ['1h', '1 h'], ['24h', '24 h'], ['7d', '7 d']];

/** The spans, and the one that the address has where it is another. */
export const spans = (value) => (kSpans.some(([span]) => span === value) ? kSpans : [...kSpans, [value, value]]);
