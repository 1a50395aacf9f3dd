// The services, what lost most first.
import {choice, spans} from './choice.js';
import {h, setText, show} from './dom.js';
import {FilterBox} from './filter_box.js';
import {causeWords, count, none, plural, rate, time} from './format.js';
import {change, link, serviceParams} from './route.js';
import {spark} from './spark.js';
import {Table} from './table.js';

const kLines = [['service', 'Service'], ['container', 'Container'], ['process', 'Process'], ['peer', 'Peer']];

/** `nginx`, and what it does, apart from each other. */
const isService = (line) => line.comm !== undefined;

function causeNode(line) {
  if (!line.matters || line.cause === 'idle') return h('span', {class: 'soft'}, none);
  return h('span', {class: 'cause'}, h('span', {class: `swatch ${line.cause}`}), causeWords(line.cause));
}

function nowNode(line) {
  if (!line.now) return h('span', {class: 'soft'}, none);
  const lost = line.now.lost_ms_a_second;
  return h('span', {class: `now${lost > 0 ? ' losing' : ''}`}, spark(line.recent_lost_ms_a_second), h('span', {}, rate(lost)));
}

export class ServicesView {
  constructor(params, live) {
    this.live = live;
    this.wish = {since: params.get('since') || '10m', by: params.get('by') || 'service', filter: params.get('filter') || ''};
    this.tiles = ['Lost now', 'Losing time', 'Services', 'Sockets'].map((title) => h('div', {class: 'tile'}, h('dt', {}, title), h('dd', {}, none), h('p', {})));
    this.box = new FilterBox({
      label: 'Filter', value: this.wish.filter, placeholder: 'comm = nginx and lost > 10ms',
      onFilter: (filter) => this.want({filter}),
    });
    this.table = new Table({
      caption: 'Services by lost time',
      columns: this.columns(),
      keyOf: (line) => JSON.stringify([line.group, line.netns, line.container]),
      sort: params.get('sort') || 'lost',
      descending: params.get('order') !== 'up',
      onSort: (sort, down) => change({sort: sort === 'lost' ? '' : sort, order: down ? '' : 'up'}),
      rowClass: (line) => (line.matters ? 'matters' : ''),
      empty: 'Nothing was exchanged in this time, or nothing matches the filter. (Without BPF there are no services: see uncork doctor.)',
    });
    this.trouble = h('p', {class: 'note', hidden: true});
    this.foot = h('p', {class: 'foot'});
    this.element = h('div', {},
      h('h1', {class: 'unseen'}, 'Services'),
      h('dl', {class: 'tiles'}, ...this.tiles),
      h('section', {class: 'card'},
        h('div', {class: 'tools'},
          choice({label: 'Time', value: this.wish.since, options: spans(this.wish.since), onChoose: (since) => this.want({since})}),
          choice({label: 'A line is a', value: this.wish.by, options: kLines, onChoose: (by) => this.want({by})}),
          this.box.element),
        this.trouble, this.table.element, this.foot));
    this.title = 'Services';
    live.want(this.wish);
  }

  columns() {
    return [
      {name: 'service', title: 'Service', class: 'name', value: (l) => l.group, text: (l) => l.group,
       link: (l) => (isService(l) ? link('service', {...serviceParams(l), since: this.wish.since === '10m' ? '' : this.wish.since})
         : this.wish.by === 'container' ? link('services', {filter: l.container ? `container = ${JSON.stringify(l.container)}` : ''}) : null)},
      {name: 'lost', title: 'Lost', class: 'number strong', help: 'How much sooner its exchanges would have finished', value: (l) => l.lost_ms, text: (l) => time(l.lost_ms)},
      {name: 'now', title: 'Now', class: 'number', help: 'Lost per second, last poll and the 40 before it', value: (l) => l.now?.lost_ms_a_second,
       key: (l) => l.recent_lost_ms_a_second, node: nowNode},
      {name: 'each', title: 'Lost / exchange', class: 'number', value: (l) => l.lost_an_exchange_ms, text: (l) => time(l.lost_an_exchange_ms)},
      {name: 'exchanges', title: 'Exchanges', class: 'number', value: (l) => l.exchanges, text: (l) => count(l.exchanges)},
      {name: 'p50', title: 'P50', class: 'number wide', help: 'Half of its exchanges ended within this time', value: (l) => l.p50_ms, text: (l) => time(l.p50_ms)},
      {name: 'p99', title: 'P99', class: 'number wide', help: '99 of 100 exchanges ended within this time', value: (l) => l.p99_ms, text: (l) => time(l.p99_ms)},
      {name: 'trend', title: 'Trend', class: 'wider', value: (l) => l.trend, text: (l) => (l.trend === '-' ? none : l.trend)},
      {name: 'cause', title: 'Cause', class: 'if-matters', value: (l) => (l.matters ? l.cause : ''), key: (l) => `${l.matters} ${l.cause}`, node: causeNode},
      {name: 'remedy', title: 'Remedy', class: 'words if-matters', value: (l) => l.remedy_brief, text: (l) => l.remedy_brief || none},
    ];
  }

  want(changes) {
    Object.assign(this.wish, changes);
    change({since: this.wish.since === '10m' ? '' : this.wish.since, by: this.wish.by === 'service' ? '' : this.wish.by, filter: this.wish.filter});
    this.live.want(this.wish);
  }

  tile(at, value, words, isBad = false) {
    const [, figure, note] = this.tiles[at].children;
    setText(figure, value);
    setText(note, words);
    this.tiles[at].classList.toggle('bad', isBad);
  }

  onMessage({state, services, trouble}) {
    setText(this.trouble, trouble);
    show(this.trouble, trouble !== '');
    if (state) {
      this.tile(3, count(state.rows), state.coverage.whole ? 'all that the kernel counts' : 'not all of them: see Machine', !state.coverage.whole);
    }
    if (!services) return;
    // An answer to what was wanted before is on its way out.
    if (services.filter !== this.wish.filter || services.by !== this.wish.by || services.since !== this.wish.since) return;
    this.box.say('');
    const lost = services.services.reduce((sum, line) => sum + (line.now?.lost_ms_a_second ?? 0), 0);
    this.tile(0, rate(lost), 'by all of them, at the last poll', lost >= 1);
    this.tile(1, count(services.losing), services.losing === 1 ? 'service lost time that matters' : 'services lost time that matters', services.losing > 0);
    this.tile(2, count(services.matching), services.matching === services.all ? 'exchanged something' : `of ${count(services.all)}: match the filter`);
    this.table.fill(services.services);
    const more = services.matching - services.services.length;
    setText(this.foot, more > 0 ? `${count(more)} more not shown: use the filter to find them` : '');
  }

  onError(sentence) {
    this.box.say(sentence);
  }

  leave() {}
}
