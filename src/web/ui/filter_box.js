// The box for a filter, in the words of `uncork sockets --filter`; what is wrong with it is said below.
import {h, show} from './dom.js';

const kPause = 350;  // of typing
let boxes = 0;

export class FilterBox {
  constructor({label, placeholder, value, onFilter}) {
    const id = `filter-${++boxes}`;
    this.input = h('input', {
      id, type: 'search', value, placeholder, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', maxlength: '2000',
      'aria-describedby': `${id}-error`,
    });
    this.error = h('p', {id: `${id}-error`, class: 'error', role: 'alert', hidden: true});
    this.element = h('div', {class: 'filter'}, h('label', {for: id}, label), this.input, this.error);
    let timer = null;
    const tell = () => {
      clearTimeout(timer);
      onFilter(this.input.value.trim());
    };
    this.input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(tell, kPause);
    });
    this.input.addEventListener('change', tell);
  }

  /** '': it is right. A column in the sentence is marked. */
  say(sentence) {
    this.error.textContent = sentence.replace(/^filter: /, '');
    show(this.error, sentence !== '');
    this.input.toggleAttribute('aria-invalid', sentence !== '');
    if (sentence !== '') this.input.setAttribute('aria-invalid', 'true');
  }
}
