#include "lab/transmit/file_receiver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "relay/asio_endpoint.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;

constexpr std::size_t kReadBytes = 256 * 1024;

core::Result<core::Fd> make_file(const ReceiveOptions& options) {
  const int how = options.existing == Existing::overwrite ? O_TRUNC : O_EXCL;
  auto file = core::open_file(options.out, O_WRONLY | O_CREAT | O_CLOEXEC | how);
  if (!file && file.error().system_errno == EEXIST) {
    return core::fail(core::invalid_argument("--out " + options.out +
                                             ": the file exists already; give another name, or add --force to overwrite it"));
  }
  return file;
}

core::Status write_all(const core::Fd& file, const std::string& name, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto wrote = core::checked("write " + name, [&] { return ::write(file.get(), bytes.data(), bytes.size()); });
    if (!wrote) return core::fail(wrote.error());
    bytes = bytes.subspan(static_cast<std::size_t>(*wrote));
  }
  return {};
}

/// One thread, callback by callback. Writing the file blocks, which holds the sender back as it should.
class Receiving {
 public:
  Receiving(const ReceiveOptions& options, const ReceiveObserver& observer, core::Fd listener, core::Fd file)
      : options_(options), observer_(observer), listener_(std::move(listener)), file_(std::move(file)) {
    const auto family = options.listen.family == core::Endpoint::Family::v4 ? tcp::v4() : tcp::v6();
    acceptor_.assign(family, listener_.release());
  }

  core::Status run() {
    signals_.async_wait([this](error_code error, int) {
      if (!error) interrupt();
    });
    accept();
    context_.run();
    if (!options_.out.empty() && !received_any_ && options_.existing == Existing::keep) ::unlink(options_.out.c_str());
    return status_;
  }

 private:
  void accept() {
    acceptor_.async_accept(socket_, peer_, [this](error_code error) {
      if (error) return interrupted_ ? void() : fail(core::system_error("accept", error.value()));
      received_any_ = true;
      summary_ = {};
      summary_.peer = relay::from_asio(peer_);
      begun_ = core::MonotonicClock::now();
      read();
    });
  }

  void read() {
    socket_.async_read_some(asio::buffer(buffer_), [this](error_code error, std::size_t count) {
      summary_.bytes += count;
      if (file_ && count > 0) {
        if (const auto wrote = write_all(file_, options_.out, std::span(buffer_).first(count)); !wrote) {
          summary_.error = wrote.error();
          return end_connection();
        }
      }
      observer_.on_progress(summary_.bytes);
      if (!error) return read();
      if (interrupted_) {
        summary_.interrupted = true;
      } else if (error != asio::error::eof) {
        summary_.error = core::system_error("receive from " + core::to_string(summary_.peer), error.value());
      }
      end_connection();
    });
  }

  void end_connection() {
    summary_.took = core::MonotonicClock::now() - begun_;
    error_code ignored;  // it is over, whatever closing says
    socket_.close(ignored);
    observer_.on_end(summary_);
    if (options_.once || file_ || interrupted_) {
      signals_.cancel(ignored);
    } else {
      accept();
    }
  }

  void interrupt() {
    interrupted_ = true;
    error_code ignored;  // none was under way
    acceptor_.close(ignored);
    socket_.cancel(ignored);
  }

  void fail(core::Error error) {
    status_ = core::fail(std::move(error));
    error_code ignored;
    signals_.cancel(ignored);
  }

  const ReceiveOptions& options_;
  const ReceiveObserver& observer_;
  core::Fd listener_;
  core::Fd file_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_, SIGINT, SIGTERM};
  asio::basic_socket_acceptor<tcp, Executor> acceptor_{context_};
  asio::basic_stream_socket<tcp, Executor> socket_{context_};
  tcp::endpoint peer_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kReadBytes);
  core::Time begun_{};
  ReceiveSummary summary_;
  core::Status status_;
  bool received_any_ = false;
  bool interrupted_ = false;
};

}  // namespace

core::Status receive_files(const ReceiveOptions& options, const ReceiveObserver& observer) {
  if (options.reach == Reach::loopback && !core::is_loopback(options.listen)) {
    return core::fail(core::invalid_argument("--listen " + core::to_string(options.listen) +
                                             ": not a loopback address, so other machines could send; listen on 127.0.0.1, or "
                                             "add --allow-remote if you want that"));
  }
  core::Fd file;
  if (!options.out.empty()) {
    auto made = make_file(options);
    if (!made) return core::fail(made.error());
    file = std::move(*made);
  }
  auto listener = core::tcp_listen(options.listen);
  const auto at = listener ? core::local_endpoint(*listener) : core::Result<core::Endpoint>(core::fail(listener.error()));
  if (!at) {
    if (file && options.existing == Existing::keep) ::unlink(options.out.c_str());
    return core::fail(at.error());
  }
  Receiving receiving(options, observer, std::move(*listener), std::move(file));
  observer.on_listening(*at);
  return receiving.run();
}

}  // namespace uncork::lab
