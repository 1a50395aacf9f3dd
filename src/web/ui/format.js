// Numbers as people read them, with their units.

const kNone = '–';

function digits(value, most) {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return value.toFixed(0);
  return magnitude >= 10 ? value.toFixed(Math.min(1, most)) : value.toFixed(Math.min(2, most));
}

/** Milliseconds: `41.3 ms`, `980 µs`, `2.10 s`, `3.4 min`. */
export function time(ms) {
  if (ms === null || ms === undefined) return kNone;
  const magnitude = Math.abs(ms);
  if (magnitude === 0) return '0 ms';
  if (magnitude < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (magnitude < 1000) return `${digits(ms, 2)} ms`;
  if (magnitude < 60_000) return `${digits(ms / 1000, 2)} s`;
  if (magnitude < 3_600_000) return `${digits(ms / 60_000, 1)} min`;
  return magnitude < 86_400_000 * 2 ? `${digits(ms / 3_600_000, 1)} h` : `${digits(ms / 86_400_000, 1)} d`;
}

/** Milliseconds lost a second. */
export const rate = (ms) => (ms === null || ms === undefined ? kNone : ms === 0 ? '0 ms/s' : ms < 1 ? `${ms.toFixed(2)} ms/s` : `${digits(ms, 1)} ms/s`);

export function count(number) {
  return number === null || number === undefined ? kNone : number.toLocaleString('en-US').replaceAll(',', '\u202f');
}

export function bytes(number) {
  if (number === null || number === undefined) return kNone;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) {
    number /= 1000;
    ++unit;
  }
  return `${unit === 0 ? number : digits(number, 1)} ${units[unit]}`;
}

export const percent = (share) => `${share < 0.1 ? (share * 100).toFixed(1) : (share * 100).toFixed(0)} %`;

/** One and many: `1 service`, `3 services`. */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');

export const none = kNone;

const kWords = {
  nagle_delayed_ack: 'Nagle, delayed ACK',
  nagle_round_trip: 'Nagle, round trip',
  cork: 'Cork',
  receive_window: 'Receive window',
  congestion_window: 'Congestion window',
  pacing: 'Pacing',
  loss_recovery: 'Loss recovery',
  send_buffer: 'Send buffer',
  network: 'Network',
  peer_think: 'Peer thinks',
  local_think: 'Program thinks',
  read_lag: 'Read late',
  idle: 'Idle',
  unattributed: 'Unattributed',
};

/** A cause in two words. */
export const causeWords = (cause) => kWords[cause] ?? cause;

/** A sentence of the terminal's, whose microseconds are written as here. */
export const sentence = (text) => text.replace(/(\d) us\b/g, '$1 µs');
