// suite.js split|nodelay|merged: a test suite that starts its server and asks it twenty times. Header and body are written apart, or not.
const net = require('node:net');
const kind = process.argv[2];
const server = net.createServer((socket) => {
  socket.setNoDelay(kind === 'nodelay');
  socket.on('error', () => {});
  socket.on('data', () => {
    if (kind === 'merged') return socket.write('h'.repeat(60) + 'b'.repeat(40));
    socket.write('h'.repeat(60));
    socket.write('b'.repeat(40));
  });
}).listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  let asked = 0, missing = 0;
  const ask = () => {
    if (asked++ === 20) { console.log('20 answers'); process.exit(0); }
    missing = 100;
    client.write('ask');
  };
  client.on('connect', ask);
  client.on('data', (data) => { missing -= data.length; if (missing === 0) ask(); });
});
