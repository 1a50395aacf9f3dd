// The WebSocket to the collector: what to show after each poll. Comes again with growing pauses when it is lost.

const kFirstPause = 500;
const kLongestPause = 15_000;

/** Calls onMessage(message), onError(sentence) and onState({state: 'open'|'lost'|'opening', retryAt}). */
export class Live {
  constructor({onMessage, onError, onState}) {
    Object.assign(this, {onMessage, onError, onState});
    this.pause = kFirstPause;
    this.wish = {};
    this.timer = null;
    // A tab that comes back, or a machine that wakes, does not wait.
    document.addEventListener('visibilitychange', () => document.hidden || !this.timer || this.open());
    addEventListener('online', () => this.timer && this.open());
    this.open();
  }

  /** What to show from now on: {since, by, filter}. */
  want(wish) {
    this.wish = wish;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(wish));
  }

  open() {
    clearTimeout(this.timer);
    this.timer = null;
    this.onState({state: 'opening'});
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/ws`);
    this.socket = socket;
    socket.addEventListener('open', () => {
      this.pause = kFirstPause;
      this.onState({state: 'open'});
      if (Object.keys(this.wish).length) socket.send(JSON.stringify(this.wish));
    });
    socket.addEventListener('message', (event) => {
      const message = JSON.parse(event.data);
      if (message.type === 'error') this.onError(message.error);
      else this.onMessage(message);
    });
    socket.addEventListener('close', () => {
      if (socket === this.socket) this.retry();
    });
  }

  retry() {
    const pause = this.pause * (0.75 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, kLongestPause);
    this.onState({state: 'lost', retryAt: Date.now() + pause});
    this.timer = setTimeout(() => this.open(), pause);
  }
}

/** The answer of the server as JSON; throws an Error with its sentence. */
export async function ask(path, params, signal) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '' && value !== undefined));
  const answer = await fetch(`${path}?${query}`, {signal});
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error ?? `the collector answered ${answer.status}`);
  return json;
}
