// The machine and the collector: coverage, namespaces, sinks, and what looking costs.
import {h, setText, show} from './dom.js';
import {bytes, clock, count, none, percent, plural, time} from './format.js';
import {ask} from './live.js';
import {Table} from './table.js';

/** A list of figures that is filled again and again. */
class Figures {
  constructor(names) {
    this.values = names.map(() => h('dd', {}, none));
    this.element = h('dl', {class: 'facts figures'}, ...names.flatMap((name, at) => [h('dt', {}, name), this.values[at]]));
  }

  fill(texts) {
    texts.forEach((text, at) => setText(this.values[at], text));
  }
}

/** What the collector's polling thread does, since it began. */
const kPhases = [['look', 'Looking'], ['hand_on', 'Rows to sinks and subscribers'], ['services', 'Sums by service'], ['store', 'Store'], ['tell', 'Metrics'],
  ['wait', 'Between polls']];

const card = (title, ...children) => h('section', {class: 'card', 'aria-label': title}, h('h2', {}, title), ...children);

export class MachineView {
  constructor() {
    this.title = 'Machine';
    this.sentence = h('p', {class: 'what'}, 'Waiting for the first poll …');
    this.seen = new Figures(['Sockets seen', 'Counted by the kernel', 'Namespaces', 'Not permitted', 'Gaps in kernel lists', 'Missed in the previous poll', 'Lost close events']);
    this.cost = new Figures(['Processor', 'Memory', 'Threads', 'Poll duration', 'Poll interval', 'Last poll', 'Running for', 'Connected browsers', 'Messages skipped (slow browsers)']);
    this.profile = new Figures(kPhases.map(([, title]) => title));
    this.store = h('p', {class: 'path'});
    this.storeTrouble = h('p', {class: 'note', hidden: true});
    this.messages = h('ul', {class: 'messages'});
    this.messageCard = card('At the last poll', this.messages);
    this.sinks = new Table({
      caption: 'Sinks', sort: 'sink', descending: false, keyOf: (sink) => sink.sink, rowClass: (sink) => (sink.trouble || sink.lost_rows ? 'matters' : ''),
      empty: 'None (add one with uncork collect --sink DESTINATION).',
      columns: [
        {name: 'sink', title: 'Sink', class: 'name address', value: (s) => s.sink, text: (s) => s.sink},
        {name: 'delivered', title: 'Delivered', class: 'number', value: (s) => s.delivered_rows, text: (s) => `${count(s.delivered_rows)} rows`},
        {name: 'bytes', title: 'Bytes', class: 'number wide', value: (s) => s.delivered_bytes, text: (s) => bytes(s.delivered_bytes)},
        {name: 'waiting', title: 'Waiting', class: 'number', value: (s) => s.waiting_rows + s.spooled_rows, text: (s) => `${count(s.waiting_rows + s.spooled_rows)} rows`},
        {name: 'lost', title: 'Lost', class: 'number', value: (s) => s.lost_rows, text: (s) => `${count(s.lost_rows)} rows`},
        {name: 'refused', title: 'Refused', class: 'number wide', value: (s) => s.refused_rows, text: (s) => `${count(s.refused_rows)} rows`},
        {name: 'trouble', title: 'State', class: 'words', value: (s) => s.trouble, text: (s) => s.trouble || s.spool_trouble || 'ok'},
      ],
    });
    this.namespaces = new Table({
      caption: 'Network namespaces', sort: 'rows', keyOf: (one) => one.inode, rowClass: (one) => (one.whole ? '' : 'matters'), empty: 'None.',
      columns: [
        {name: 'name', title: 'Namespace', class: 'name address', value: (n) => n.name, text: (n) => n.name},
        {name: 'rows', title: 'Sockets seen', class: 'number', value: (n) => n.rows, text: (n) => count(n.rows)},
        {name: 'counted', title: 'Counted by the kernel', class: 'number', value: (n) => n.counted, text: (n) => count(n.counted)},
        {name: 'requests', title: 'Being opened', class: 'number wide', value: (n) => n.requests, text: (n) => count(n.requests)},
        {name: 'state', title: 'State', class: 'words', value: (n) => n.trouble, text: (n) => n.trouble || (n.whole ? 'whole' : 'not whole')},
      ],
    });
    this.element = h('div', {},
      h('h1', {class: 'unseen'}, 'Machine'),
      h('div', {class: 'columns'},
        card('Coverage', this.sentence, this.seen.element),
        card('Cost of polling', this.cost.element),
        card('Where its processor time goes', this.profile.element)),
      this.messageCard,
      card('Store', this.store, this.storeTrouble),
      card('Sinks', this.sinks.element),
      card('Network namespaces', this.namespaces.element));
    show(this.messageCard, false);
    this.refresh();
  }

  onMessage({state}) {
    if (!state) return;
    const {coverage, cost, page} = state;
    setText(this.sentence, coverage.sentence);
    this.sentence.className = `what ${coverage.whole ? 'good' : 'bad'}`;
    this.seen.fill([count(coverage.rows), count(coverage.counted), count(coverage.namespaces), count(coverage.refused_namespaces), count(coverage.dump_gaps),
      count(coverage.missed_cookies), count(coverage.close_events_lost + coverage.endings_lost)]);
    this.cost.fill([`${percent(cost.cpu_share)} of one`, bytes(cost.rss_bytes), count(cost.threads), time(state.took_ms), time(state.interval_ms),
      `number ${count(state.sequence)}, at ${clock(state.began_ms)}`, time(cost.running_ms), count(page.browsers), count(page.skipped)]);
    const spent = Object.values(cost.profile_ms).reduce((sum, ms) => sum + ms, 0);
    this.profile.fill(kPhases.map(([name]) => `${percent(spent ? cost.profile_ms[name] / spent : 0)}, ${time(cost.profile_ms[name])}`));
    setText(this.store, state.store || 'none (--store none): no history is kept');
    setText(this.storeTrouble, state.store_trouble);
    show(this.storeTrouble, state.store_trouble !== '');
    this.messages.replaceChildren(...state.messages.map((message) => h('li', {}, message)));
    show(this.messageCard, state.messages.length !== 0);
    this.sinks.fill(state.sinks);
    this.refresh();
  }

  async refresh() {
    if (this.asked) return;
    this.asked = true;
    try {
      this.namespaces.fill((await ask('/api/namespaces', {})).namespaces);
    } catch {
      // Before the first poll, or while the connection is lost, which is said at the top.
      this.namespaces.fill(this.namespaces.items);
    } finally {
      this.asked = false;
    }
    this.namespaces.element.setAttribute('aria-label', plural(this.namespaces.items.length, 'network namespace'));
  }

  onError() {}
  leave() {}
}
