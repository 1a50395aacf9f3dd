#include "web/page/page_server.hpp"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <filesystem>
#include <map>
#include <type_traits>
#include <utility>

#include "web/asio_endpoint.hpp"
#include "web/page/http_connection.hpp"

namespace uncork::web {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMostConnections = 64;

/// Whether the socket of a server that has ended lies there: nobody answers.
bool is_left_over(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;  // NOLINT(*-signed-bitwise)
  asio::io_context loop;
  asio::local::stream_protocol::socket socket(loop);
  boost::system::error_code error;
  socket.connect(asio::local::stream_protocol::endpoint(path), error);
  return error == asio::error::connection_refused;
}

}  // namespace

/// All that lives on the thread. Posts may come as long as the Board lives, and do nothing once it has stopped.
class PageServer::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(collect::Board& board, SiteOptions options) : site_(board, std::move(options)) {}

  core::Result<core::Endpoint> listen(const core::Endpoint& at);
  core::Status listen(const std::string& path);
  void accept();
  void run() { loop_.run(); }
  /// Any thread.
  void stop() { loop_.stop(); }
  void polled() {
    if (is_told_.exchange(true)) return;  // it will look at the newest snapshot
    asio::post(loop_, [self = weak_from_this()] {
      if (const auto there = self.lock()) there->tell_browsers();
    });
  }

 private:
  template <typename Acceptor>
  void accept_from(Acceptor& acceptor);
  void take(PageStream::socket_type socket);
  void tell_browsers();

  asio::io_context loop_{1};
  std::atomic<bool> is_told_ = false;  // that there was a poll, and it has not looked yet
  Site site_;
  asio::ip::tcp::acceptor tcp_{loop_};
  asio::local::stream_protocol::acceptor local_{loop_};
  asio::steady_timer pause_{loop_};
  std::vector<std::weak_ptr<LiveSession>> browsers_;
  std::weak_ptr<void> counted_;  // each connection holds one of the strong ones
};

core::Result<core::Endpoint> PageServer::Loop::listen(const core::Endpoint& at) {
  const asio::ip::tcp::endpoint where = to_asio(at);
  boost::system::error_code error;
  tcp_.open(where.protocol(), error);
  if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_.bind(where, error);
  if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return core::fail(core::system_error("listen on " + core::to_string(at), error.value()));
  return from_asio(tcp_.local_endpoint(error));
}

core::Status PageServer::Loop::listen(const std::string& path) {
  constexpr std::size_t kLongestPath = 107;  // unix(7)
  if (path.empty() || path.size() > kLongestPath || path.contains('\0'))
    return core::fail(
        core::invalid_argument("page 'unix:" + path.substr(0, kLongestPath) + "': a path of 1 to 107 bytes is wanted"));
  if (is_left_over(path)) ::unlink(path.c_str());
  boost::system::error_code error;
  local_.open(asio::local::stream_protocol(), error);
  if (!error) local_.bind(asio::local::stream_protocol::endpoint(path), error);
  if (!error) local_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return core::fail(core::system_error("listen on unix:" + path, error.value()));
  constexpr mode_t kOwnerAndGroup = 0660;
  if (::chmod(path.c_str(), kOwnerAndGroup) != 0) return core::fail(core::system_error("chmod " + path, errno));
  return {};
}

void PageServer::Loop::accept() {
  if (tcp_.is_open()) accept_from(tcp_);
  if (local_.is_open()) accept_from(local_);
}

template <typename Acceptor>
void PageServer::Loop::accept_from(Acceptor& acceptor) {
  using Socket = asio::basic_stream_socket<typename Acceptor::protocol_type, asio::io_context::executor_type>;
  acceptor.async_accept(loop_.get_executor(), [this, &acceptor](boost::system::error_code error, Socket socket) {
    if (!error) {
      // Its answers are made of few large writes: Nagle could only hold them back.
      boost::system::error_code local;  // a socket in the file system has no such option
      if constexpr (std::is_same_v<Acceptor, asio::ip::tcp::acceptor>) socket.set_option(asio::ip::tcp::no_delay(true), local);
      take(PageStream::socket_type(std::move(socket)));
      return accept_from(acceptor);
    }
    // There are no descriptors left, or the peer has gone already: later.
    constexpr auto kLater = std::chrono::milliseconds(100);
    pause_.expires_after(kLater);
    pause_.async_wait([this, &acceptor](boost::system::error_code stopped) {
      if (!stopped) accept_from(acceptor);
    });
  });
}

void PageServer::Loop::take(PageStream::socket_type socket) {
  auto count = counted_.lock();
  if (!count) {
    count = std::make_shared<int>(0);
    counted_ = count;
  }
  boost::system::error_code error;
  if (static_cast<std::size_t>(count.use_count()) > kMostConnections) {
    // It has room for so little, and who does not read it learns as much from the end.
    constexpr std::string_view kFull = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    socket.non_blocking(true, error);
    socket.send(asio::buffer(kFull), 0, error);
    socket.close(error);
    return;
  }
  const auto connection = std::make_shared<HttpConnection>(
      PageStream(std::move(socket)), site_, std::move(count), [this](const std::shared_ptr<LiveSession>& live) {
        std::erase_if(browsers_, [](const auto& one) { return one.expired(); });
        browsers_.emplace_back(live);
      });
  connection->read();
}

/// Those who look at the same get the same message.
void PageServer::Loop::tell_browsers() {
  is_told_ = false;
  std::map<View, std::shared_ptr<const std::string>> messages;
  std::erase_if(browsers_, [](const std::weak_ptr<LiveSession>& one) { return one.expired(); });
  for (const auto& one : browsers_) {
    const auto live = one.lock();
    if (!live) continue;
    auto& message = messages[live->view()];
    if (!message) message = std::make_shared<const std::string>(site_.live_message(live->view()));
    live->send(message);
  }
  messages.clear();
  if (!browsers_.empty()) ::malloc_trim(0);  // what the questions took: the collector is to stay small
}

core::Result<std::unique_ptr<PageServer>> PageServer::start(collect::Board& board, PageOptions options) {
  std::unique_ptr<PageServer> server(new PageServer);
  SiteOptions site{
      .store = std::move(options.store), .interval = options.interval, .host = {}, .metrics = std::move(options.metrics)};
  if (options.listen.starts_with(kUnix)) {
    const std::string path = options.listen.substr(kUnix.size());
    site.host.is_unix = true;
    server->loop_ = std::make_shared<Loop>(board, std::move(site));
    if (auto listening = server->loop_->listen(path); !listening) return core::fail(listening.error());
    server->address_ = options.listen;
  } else {
    const auto at = core::parse_endpoint(options.listen);
    if (!at) return core::fail(at.error());
    site.host.listen = *at;
    server->loop_ = std::make_shared<Loop>(board, std::move(site));
    const auto listening = server->loop_->listen(*at);
    if (!listening) return core::fail(listening.error());
    server->address_ = "http://" + core::to_string(*listening) + "/";
    server->is_open_to_others_ = !core::is_loopback(*at);
  }
  server->loop_->accept();
  // Kept by the board, which has no way to forget a listener: what it then posts to a loop that has stopped is never run.
  board.listen([loop = std::weak_ptr(server->loop_)] {
    if (const auto there = loop.lock()) there->polled();
  });
  server->thread_ = std::thread([loop = server->loop_, prepare = std::move(options.prepare)] {
    if (prepare) prepare();
    loop->run();
  });
  return server;
}

PageServer::~PageServer() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
  if (address_.starts_with(kUnix)) ::unlink(address_.substr(kUnix.size()).c_str());
}

}  // namespace uncork::web
