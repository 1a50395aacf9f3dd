// Answers each line by two writes, with Nagle's algorithm on.
require('node:net').createServer((socket) => {
  socket.setNoDelay(false);
  socket.on('error', () => {});
  socket.on('data', () => {
    socket.write('the answer\n');
    socket.write('end\n');
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
