// The fastest peer at its best: libh2o's event loop and a handler without files, for bench/http2.py, which compiles it.
// usage: libh2o_server PORT BODY [CERTIFICATE KEY]

#include <arpa/inet.h>
#include <errno.h>
#include <h2o.h>
#include <h2o/http2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context;
static h2o_iovec_t body;

static int answer(h2o_handler_t* self, h2o_req_t* request) {
  static h2o_generator_t generator = {NULL, NULL};
  (void)self;
  request->res.status = 200;
  request->res.reason = "OK";
  request->res.content_length = body.len;
  h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("text/plain; charset=utf-8"));
  h2o_start_response(request, &generator);
  h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
  return 0;
}

static void on_accept(h2o_socket_t* listener, const char* error) {
  if (error != NULL) return;
  for (h2o_socket_t* one; (one = h2o_evloop_socket_accept(listener)) != NULL;) h2o_accept(&accept_context, one);
}

static SSL_CTX* tls_context(const char* certificate, const char* key) {
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 || SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
    fputs("libh2o_server: certificate or key cannot be read\n", stderr);
    exit(1);
  }
  h2o_ssl_register_alpn_protocols(tls, h2o_http2_alpn_protocols);
  return tls;
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) return 2;
  body = h2o_iovec_init(argv[2], strlen(argv[2]));
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&at, sizeof at) != 0 || listen(listener, SOMAXCONN) != 0) {
    perror("libh2o_server: listen");
    return 1;
  }
  h2o_config_init(&config);
  h2o_hostconf_t* host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
  h2o_pathconf_t* path = h2o_config_register_path(host, "/", 0);
  h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = answer;
  h2o_context_init(&context, h2o_evloop_create(), &config);
  accept_context.ctx = &context;
  accept_context.hosts = config.hosts;
  if (argc == 5) accept_context.ssl_ctx = tls_context(argv[3], argv[4]);
  h2o_socket_t* socket_of_listener = h2o_evloop_socket_create(context.loop, listener, H2O_SOCKET_FLAG_DONT_READ);
  h2o_socket_read_start(socket_of_listener, on_accept);
  while (h2o_evloop_run(context.loop, INT32_MAX) == 0 || errno == EINTR) {
  }
  return 1;
}
