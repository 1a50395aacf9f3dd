// One service: the verdict, its budget over time, and its connections.
import {BudgetChart, TimesChart, canDraw} from './chart.js';
import {choice, spans} from './choice.js';
import {commandLine, copyButton, h, setText, show} from './dom.js';
import {FilterBox} from './filter_box.js';
import {bytes, causeWords, clock, count, none, plural, sentence, time} from './format.js';
import {ask} from './live.js';
import {change, link} from './route.js';
import {Table} from './table.js';

const kNames = ['service', 'role', 'port', 'netns', 'container'];
const kUncharted = ['idle', 'unattributed'];

function lostNode(line) {
  if (line.lost_ms === null) return h('span', {class: 'soft'}, none);
  const causes = Object.entries(line.lost_by_ms).sort((a, b) => b[1] - a[1]);
  return h('span', {class: 'cause'}, ...causes.slice(0, 1).map(([cause]) => h('span', {class: `swatch ${cause}`, title: causeWords(cause)})), time(line.lost_ms));
}

/** Since when nothing is lost any more; '': it still is, or never was. */
function overSince({begin_ms: begins, length_ms: lengths, budget_ms: budget}, stalls) {
  const lost = begins.map((_, at) => stalls.reduce((sum, cause) => sum + (budget[cause]?.[at] ?? 0), 0));
  const last = lost.findLastIndex((one) => one > 0);
  if (last < 0 || last === lost.length - 1) return '';
  return `Nothing has been lost since ${clock(begins[last] + lengths[last])}.`;
}

const lostWords = (line) => Object.entries(line.lost_by_ms).sort((a, b) => b[1] - a[1]).map(([cause, ms]) => `${causeWords(cause)} ${time(ms)}`).join(', ') || none;

export class ServiceView {
  constructor(params) {
    this.who = Object.fromEntries(kNames.filter((name) => params.has(name)).map((name) => [name, params.get(name)]));
    this.since = params.get('since') || '10m';
    this.mode = params.get('mode') || 'lost';
    this.filter = params.get('filter') || '';
    this.title = [this.who.service, this.who.role, this.who.port && this.who.port !== '0' ? `:${this.who.port}` : ''].filter(Boolean).join(' ');
    this.asked = null;
    this.at = 0;
    this.heading = h('h1', {}, this.title);
    this.where = h('p', {class: 'where'}, [this.who.container && `container ${this.who.container}`, this.who.netns].filter(Boolean).join(' · '));
    this.verdict = h('section', {class: 'card verdict', 'aria-label': 'Verdict', 'aria-busy': 'true'}, h('p', {class: 'soft'}, 'Asking the store …'));
    this.over = h('p', {class: 'over'});
    this.error = h('p', {class: 'note', role: 'alert', hidden: true});
    this.budget = new BudgetChart();
    this.times = new TimesChart();
    this.undrawn = h('p', {class: 'note', hidden: canDraw()}, 'This build has no charts (npm was missing when it was built). Totals by cause are listed below; exchange times are in the Services table.');
    this.box = new FilterBox({
      label: 'Filter', value: this.filter, placeholder: 'rtt > 5ms or retrans > 0',
      onFilter: (filter) => {
        this.filter = filter;
        change({filter});
        this.refresh();
      },
    });
    this.table = new Table({
      caption: 'Connections at the last poll', columns: this.columns(), sort: 'lost',
      keyOf: (line) => `${line.netns} ${line.local} ${line.remote} ${line.state}`,
      empty: 'No open connection, or none matches the filter.',
    });
    this.foot = h('p', {class: 'foot'});
    this.slot = h('p', {class: 'foot'});
    this.element = h('div', {},
      h('p', {class: 'back'}, h('a', {href: link('services')}, '← Services')),
      h('div', {class: 'heading'}, this.heading, this.where),
      this.error, this.verdict,
      h('section', {class: 'card', 'aria-label': 'Over time'},
        h('div', {class: 'tools'}, h('h2', {}, 'Time per second, by cause'),
          choice({label: 'Time', value: this.since, options: spans(this.since), onChoose: (since) => this.turn({since})}),
          choice({label: 'What is drawn', value: this.mode, options: [['lost', 'Lost', 'Time lost to something you can change'], ['all', 'Whole exchange', 'All the time an exchange was in progress']], onChoose: (mode) => this.turn({mode})})),
        this.undrawn, this.budget.element, this.slot),
      h('section', {class: 'card', 'aria-label': 'Exchange time'}, h('h2', {}, 'Exchange time'), this.times.element),
      h('section', {class: 'card', 'aria-label': 'Connections'},
        h('div', {class: 'tools'}, h('h2', {}, 'Connections'), this.box.element), this.table.element, this.foot));
    this.refresh();
  }

  columns() {
    return [
      {name: 'remote', title: 'Peer', class: 'name address', value: (l) => l.remote, text: (l) => l.remote},
      {name: 'local', title: 'Local', class: 'address wide', value: (l) => l.local, text: (l) => l.local},
      {name: 'state', title: 'State', class: '', value: (l) => l.state, text: (l) => l.state},
      {name: 'pid', title: 'Process', class: 'number wide', value: (l) => l.pid, text: (l) => (l.pid === null ? none : String(l.pid))},
      {name: 'rtt', title: 'RTT', class: 'number', help: 'The smoothed round trip', value: (l) => l.rtt_ms, text: (l) => time(l.rtt_ms)},
      {name: 'retransmits', title: 'Retransmits', class: 'number', help: 'Segments sent again', value: (l) => l.retransmits, text: (l) => count(l.retransmits)},
      {name: 'unsent', title: 'Unsent', class: 'number wide', value: (l) => l.unsent_bytes, text: (l) => bytes(l.unsent_bytes)},
      {name: 'exchanges', title: 'Exchanges', class: 'number', value: (l) => l.exchanges, text: (l) => count(l.exchanges)},
      {name: 'nodelay', title: 'TCP_NODELAY', class: 'wide', value: (l) => l.nodelay, text: (l) => (l.nodelay === null ? none : l.nodelay ? 'set' : 'not set')},
      {name: 'lost', title: 'Lost', class: 'number strong', help: 'Since the connection began, or since uncork began to watch it', value: (l) => l.lost_ms, key: (l) => JSON.stringify(l.lost_by_ms) + l.lost_ms, node: lostNode},
      {name: 'by', title: 'Lost by', class: 'words', value: lostWords, text: lostWords},
    ];
  }

  turn(changes) {
    Object.assign(this, changes);
    change({since: this.since === '10m' ? '' : this.since, mode: this.mode === 'lost' ? '' : this.mode});
    this.refresh();
  }

  /** After a poll; of long spans not after every one. */
  onMessage() {
    const pause = ['10m', '1h'].includes(this.since) ? 900 : 15_000;
    if (Date.now() - this.at > pause && !this.asked) this.refresh();
  }

  async refresh() {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    this.at = Date.now();
    try {
      const [series, connections] = await Promise.all([
        ask('/api/series', {...this.who, since: this.since}, asked.signal),
        ask('/api/connections', {...this.who, filter: this.filter}, asked.signal).catch((error) => error),
      ]);
      if (asked.signal.aborted) return;
      show(this.error, false);
      this.showSeries(series);
      this.showConnections(connections);
    } catch (error) {
      if (asked.signal.aborted || !this.element.isConnected) return;
      setText(this.error, error instanceof TypeError ? 'The collector does not answer.' : error.message);
      show(this.error, true);
    } finally {
      if (this.asked === asked) this.asked = null;
    }
  }

  showSeries({slots, stalls, verdict, slot, services}) {
    this.showVerdict(verdict);
    setText(this.over, verdict?.matters && slot === 'poll' ? overSince(slots, stalls) : '');
    const drawn = Object.keys(slots.budget_ms).filter((cause) => !kUncharted.includes(cause) && (this.mode === 'all' || stalls.includes(cause)));
    if (this.element.isConnected) {
      this.budget.draw(slots, drawn);
      this.times.draw(slots);
    }
    const lead = drawn.length === 0 ? 'Nothing was lost in this time. ' : '';
    setText(this.slot, `${lead}A step is a ${slot}.${services > 1 ? ` These are the sums of ${services} services.` : ''}`);
  }

  showVerdict(verdict) {
    const signature = JSON.stringify(verdict, ['what', 'evidence', 'cost', 'late', 'remedy', 'command', 'ways', 'text', 'matters']);
    this.verdict.removeAttribute('aria-busy');
    if (signature === this.signature) return;
    this.signature = signature;
    if (!verdict) {
      this.verdict.className = 'card verdict';
      this.verdict.replaceChildren(h('p', {class: 'what'}, 'It exchanged nothing in this time.'));
      return;
    }
    this.verdict.className = `card verdict ${verdict.matters ? 'losing' : 'fine'}`;
    const facts = [['Evidence', verdict.evidence], ['Cost', verdict.cost], ['Late', verdict.late.replace(/^late\s+/, '')]].filter(([, text]) => text);
    const ways = verdict.ways.filter(({text}) => text);
    this.verdict.replaceChildren(
      h('p', {class: 'what'}, verdict.matters ? h('span', {class: `swatch ${verdict.cause}`}) : '', verdict.matters ? verdict.what : 'It lost no time that matters.'),
      h('dl', {class: 'facts'}, ...facts.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, sentence(text))])),
      this.over,
      verdict.matters ? h('div', {class: 'remedy'}, h('h2', {}, 'Remedy'), h('p', {}, verdict.remedy),
        verdict.command ? commandLine(verdict.command) : null,
        ways.length > 1 ? h('ol', {class: 'ways'}, ...ways.map((way) => h('li', {}, h('span', {}, sentence(way.text)), way.command && way.command !== verdict.command ? copyButton(way.command) : null))) : null) : null);
  }

  showConnections(found) {
    if (found instanceof Error) {
      this.box.say(found.message);
      return;
    }
    this.box.say('');
    this.table.fill(found.connections);
    const shown = found.connections.length;
    setText(this.foot, `${plural(found.matching, 'connection')}${found.matching === found.all ? '' : ` of ${count(found.all)}`} at the last poll${shown < found.matching ? `; the ${shown} that lost most are shown` : ''}.`);
  }

  onError() {}

  leave() {
    this.asked?.abort();
    this.budget.leave();
    this.times.leave();
  }
}
