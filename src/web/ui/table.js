// A table that is filled again and again, sorted by any of its columns. Rows stay the elements that they are, so that the keyboard's
// place in it stays.
import {h, setText} from './dom.js';

/**
 * columns: {name, title, value(row), text(row), class, link(row) (null: none), node(row), key(row)}. `value` sorts; the cell shows `text`, or the
 * `node`, which is made anew where `key` has changed.
 */
export class Table {
  constructor({columns, keyOf, sort, descending = true, onSort = () => {}, empty, caption, rowClass = () => ''}) {
    Object.assign(this, {columns, keyOf, onSort, empty, rowClass});
    this.sort = columns.some((column) => column.name === sort) ? sort : columns[0].name;
    this.descending = descending;
    this.rows = new Map();
    this.items = [];
    this.heads = columns.map((column) => this.head(column));
    this.body = h('tbody');
    this.nothing = h('p', {class: 'nothing', hidden: true}, empty);
    this.element = h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
      h('table', {}, h('caption', {class: 'unseen'}, caption), h('thead', {}, h('tr', {}, ...this.heads)), this.body), this.nothing);
    this.mark();
  }

  head(column) {
    const button = h('button', {type: 'button', onclick: () => this.sortBy(column.name)}, column.title);
    return h('th', {scope: 'col', class: column.class, title: column.help}, button);
  }

  sortBy(name) {
    const isNumber = this.columns.find((column) => column.name === name).class?.includes('number');
    this.descending = this.sort === name ? !this.descending : Boolean(isNumber);
    this.sort = name;
    this.mark();
    this.fill(this.items);
    this.onSort(name, this.descending);
  }

  mark() {
    this.columns.forEach((column, at) => {
      const order = column.name !== this.sort ? 'none' : this.descending ? 'descending' : 'ascending';
      this.heads[at].setAttribute('aria-sort', order);
    });
  }

  fill(items) {
    this.items = items;
    const {value} = this.columns.find((column) => column.name === this.sort);
    const way = this.descending ? -1 : 1;
    const compare = (a, b) => {
      const [x, y] = [value(a) ?? -Infinity, value(b) ?? -Infinity];
      return way * (x < y ? -1 : x > y ? 1 : 0);
    };
    const focused = document.activeElement;
    const left = new Set(this.rows.keys());
    let place = this.body.firstElementChild;
    for (const item of [...items].sort(compare)) {
      const key = this.keyOf(item);
      left.delete(key);
      if (!this.rows.has(key)) this.rows.set(key, this.row());
      const row = this.rows.get(key);
      this.put(row, item);
      if (row === place) place = place.nextElementSibling;
      else this.body.insertBefore(row, place);
    }
    for (const key of left) {
      this.rows.get(key).remove();
      this.rows.delete(key);
    }
    if (focused !== document.activeElement && this.body.contains(focused)) focused.focus({preventScroll: true});
    this.nothing.hidden = items.length !== 0;
    this.element.classList.toggle('empty', items.length === 0);
  }

  row() {
    return h('tr', {}, ...this.columns.map((column, at) => {
      const cell = h(at === 0 ? 'th' : 'td', {class: column.class, 'data-label': column.title, scope: at === 0 ? 'row' : null});
      if (column.link) cell.append(h('a'));
      return cell;
    }));
  }

  put(row, item) {
    row.className = this.rowClass(item);
    this.columns.forEach((column, at) => {
      const cell = row.children[at];
      if (column.node) {
        const key = String(column.key(item));
        if (cell.dataset.key === key) return;
        cell.dataset.key = key;
        cell.replaceChildren(column.node(item));
      } else if (column.link) {
        const target = column.link(item);
        if (target) cell.firstElementChild.href = target;
        else cell.firstElementChild.removeAttribute('href');
        setText(cell.firstElementChild, column.text(item));
      } else {
        setText(cell, column.text(item));
      }
    });
  }
}
