// Node's server of HTTP/2: files of the folder argv[2]; POST gives the body back. Bare on port argv[3], under TLS on argv[4].
'use strict';
const http2 = require('http2');
const fs = require('fs');
const path = require('path');

const [folder, bare, tls, certificate, key] = process.argv.slice(2);

function serve(stream, head) {
  stream.on('error', () => {});
  if (head[':method'] === 'POST') {
    stream.respond({':status': 200});
    return stream.pipe(stream);
  }
  const file = path.join(folder, path.basename(head[':path']));
  if (head[':method'] === 'HEAD') return stream.respond({':status': fs.existsSync(file) ? 200 : 404}, {endStream: true});
  stream.respondWithFile(file, {}, {
    onError: () => { stream.respond({':status': 404}, {endStream: true}); }
  });
}

http2.createServer().on('stream', serve).listen(Number(bare), '127.0.0.1');
http2.createSecureServer({cert: fs.readFileSync(certificate), key: fs.readFileSync(key)})
  .on('stream', serve).listen(Number(tls), '127.0.0.1');
