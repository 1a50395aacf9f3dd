// Node's client of HTTP/2: asks the server at argv[2] for everything; prints JSON, one member a part.
'use strict';
const http2 = require('http2');
const crypto = require('crypto');

const origin = process.argv[2];
const CANCEL = http2.constants.NGHTTP2_CANCEL;

const digest = bytes => crypto.createHash('sha256').update(bytes).digest('hex');
const connect = () => http2.connect(origin, {rejectUnauthorized: false});
const once = (emitter, event) => new Promise(resolve => emitter.once(event, (...all) => resolve(all[0])));

/// The answer as a whole; `write` gives the request's body.
function ask(client, fields, write) {
  return new Promise(resolve => {
    const stream = client.request(fields, {endStream: !write});
    const answer = {status: 0, pieces: [], trailers: {}, code: 0, stream};
    stream.on('response', head => { answer.status = head[':status']; });
    stream.on('data', piece => answer.pieces.push(piece));
    stream.on('trailers', fields => { answer.trailers = {...fields}; });
    stream.on('error', () => {});
    stream.on('close', () => { answer.code = stream.rstCode; answer.body = Buffer.concat(answer.pieces); resolve(answer); });
    if (write) write(stream);
  });
}
const text = answer => answer.body.toString();

async function get(client) {
  const one = await ask(client, {':path': '/'});
  const head = await ask(client, {':path': '/', ':method': 'HEAD'});
  return [one.status, text(one), head.status, head.body.length];
}
async function post(client) {
  const body = crypto.randomBytes(1000000);
  const one = await ask(client, {':path': '/echo', ':method': 'POST'}, stream => stream.end(body));
  return [one.status, digest(one.body) === digest(body), {...one.trailers}];
}
async function trailers(client) {
  const stream = client.request({':path': '/echo', ':method': 'POST'}, {waitForTrailers: true});
  stream.on('wantTrailers', () => stream.sendTrailers({checksum: '7'}));
  const got = once(stream, 'trailers');
  stream.resume().end('some');
  return [{...(await got)}];
}
async function streamed(client) {
  const stream = client.request({':path': '/halves'});
  let body = (await once(stream, 'data')).toString();
  const first = body;
  stream.on('data', piece => { body += piece; });
  const released = await ask(client, {':path': '/release-halves'});
  await once(stream, 'close');
  return [first, released.status, body];
}
/// Each message goes up only when the one before has come down.
async function bothWays(client) {
  const stream = client.request({':path': '/echo', ':method': 'POST'});
  const ended = once(stream, 'close');
  let body = '';
  for (let number = 0; number < 20; ++number) {
    stream.write(`${number};`);
    body += await once(stream, 'data');
  }
  stream.end();
  await ended;
  return [body];
}
async function many(client) {
  const all = await Promise.all(Array.from({length: 300}, () => ask(client, {':path': '/'})));
  return [all.filter(one => one.status === 200 && text(one) === 'Hello world!').length];
}
async function cancelled(client) {
  for (let turn = 0; turn < 40; ++turn) {
    await ask(client, {':path': '/echo', ':method': 'POST'}, stream => {
      stream.write(Buffer.alloc(50000));
      stream.once('data', () => stream.close(CANCEL));
    });
    const download = client.request({':path': '/big'});
    await once(download, 'data');
    download.close(CANCEL);
    await once(download, 'close');
    const held = client.request({':path': '/held'});
    held.close(CANCEL);
    await once(held, 'close');
  }
  return [text(await ask(client, {':path': '/'})), (await ask(client, {':path': '/big'})).body.length];
}
async function brokenOff(client) {
  const one = await ask(client, {':path': '/reset'});
  return [one.status, one.code, text(await ask(client, {':path': '/'}))];
}
async function pinged(client) {
  return [await new Promise(resolve => client.ping(error => resolve(error === null)))];
}
async function changedSettings(client) {
  for (const settings of [{initialWindowSize: 0, headerTableSize: 0}, {initialWindowSize: 100000, headerTableSize: 100}]) {
    await new Promise(resolve => client.settings(settings, resolve));
    await ask(client, {':path': '/', ':method': 'HEAD'});
  }
  return [text(await ask(client, {':path': '/'}))];
}

async function main() {
  const client = connect();
  const said = {};
  for (const part of [get, post, trailers, streamed, bothWays, many, cancelled, brokenOff, pinged, changedSettings]) {
    said[part.name] = await part(client);
  }
  said.alpn = client.alpnProtocol;
  said.tally = text(await ask(client, {':path': '/tally'})).replace(/ http1.*\n/, '');
  const closed = once(client, 'close');
  client.close();
  await closed;
  console.log(JSON.stringify(said));
}
main();
