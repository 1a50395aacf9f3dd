// The page: one view at a time, by the address, and one connection to the collector.
import {setText, show} from './dom.js';
import {count, time} from './format.js';
import {Live} from './live.js';
import {MachineView} from './machine_view.js';
import {route} from './route.js';
import {ServiceView} from './service_view.js';
import {ServicesView} from './services_view.js';

const main = document.getElementById('main');
const pulse = document.getElementById('pulse');
const banner = document.getElementById('banner');

let view = null;
let last = null;  // the last message, and when it came
let lastAt = 0;
let connection = {state: 'opening'};

const live = new Live({
  onMessage(message) {
    [last, lastAt] = [message, Date.now()];
    view?.onMessage(message);
    tell();
  },
  onError: (sentence) => view?.onError(sentence),
  onState(state) {
    connection = state.state === 'opening' && connection.state === 'lost' ? {...connection, retryAt: null} : state;
    tell();
  },
});

/** How the collector does: at the top, and over everything where it does not. */
function tell() {
  const state = last?.state;
  const age = state ? state.age_ms + Date.now() - lastAt : null;
  const isLost = connection.state === 'lost';
  const isLate = state && age > Math.max(4 * state.interval_ms, state.interval_ms + 3000);
  pulse.className = `pulse ${isLost ? 'lost' : isLate ? 'late' : state ? 'open' : ''}`;
  setText(pulse, isLost ? 'No connection' : state ? `Poll ${count(state.sequence)}` : 'Waiting for the first poll');
  let sentence = '';
  if (isLost) {
    const wait = connection.retryAt ? Math.max(Math.ceil((connection.retryAt - Date.now()) / 1000), 0) : 0;
    sentence = `The connection to the collector is lost. ${wait > 0 ? `Trying again in ${wait} s.` : 'Trying again …'}${state ? ` What is shown is ${time(Math.round(age / 1000) * 1000)} old.` : ''}`;
  } else if (isLate) {
    sentence = `The collector has not polled for ${time(Math.round(age / 1000) * 1000)}.`;
  }
  setText(banner, sentence);
  show(banner, sentence !== '');
}
setInterval(tell, 1000);

function open() {
  const {view: name, params} = route();
  view?.leave();
  view = name === 'service' ? new ServiceView(params) : name === 'machine' ? new MachineView() : new ServicesView(params, live);
  document.title = `${view.title} – uncork`;
  for (const anchor of document.querySelectorAll('nav a')) {
    const isHere = anchor.dataset.view === (name === 'service' ? 'services' : name);
    if (isHere) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  main.replaceChildren(view.element);
  if (last) view.onMessage(last);
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', () => {
  open();
  scrollTo(0, 0);
});
open();
