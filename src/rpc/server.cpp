#include "rpc/server.hpp"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "rpc/call.hpp"
#include "rpc/listening.hpp"
#include "rpc/request_head.hpp"
#include "rpc/services.hpp"
#include "uncork/http2/server.hpp"
#include "uncork/http2/tls.hpp"

namespace uncork::rpc {

namespace asio = boost::asio;

namespace {

using core::fail;
using core::Status;

/// The work's status, or deadline_exceeded: then what the work waited for is cancelled.
asio::awaitable<CallStatus> within(std::optional<std::chrono::nanoseconds> limit, asio::awaitable<CallStatus> work) {
  using namespace asio::experimental::awaitable_operators;
  if (!limit) co_return co_await std::move(work);
  asio::steady_timer timer(co_await asio::this_coro::executor, *limit);
  auto first = co_await (std::move(work) || timer.async_wait(asio::use_awaitable));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return CallStatus(Code::deadline_exceeded, "not done within the deadline");
}

asio::awaitable<CallStatus> call_method(Method method, Call& call, Services& services) {
  try {
    co_return co_await method(call, services);
  } catch (const boost::system::system_error& ended) {  // Asio's, where a wait was cancelled
    co_return CallStatus(Code::cancelled, ended.code().message());
  }
}

/// What keeps a call from being made.
std::optional<CallStatus> refusal(const http2::exchange& one, const Services& services) {
  if (!services.token.empty() && !is_authorized(one.request().find("authorization").value_or(""), services.token))
    return CallStatus(Code::unauthenticated, "authorization: Bearer with the token of this collector is wanted");
  if (services.is_stopping) return CallStatus(Code::unavailable, "the collector ends");
  if (find_method(one.path()) == nullptr)
    return CallStatus(Code::unimplemented, fmt::format("no such method: {}", one.path().substr(0, 200)));
  if (const auto encoding = encoding_of(one.request().find("grpc-encoding").value_or("")); !encoding) return encoding.error();
  if (const auto timeout = one.request().find("grpc-timeout"); timeout && !timeout_of(*timeout))
    return CallStatus(Code::internal, fmt::format("grpc-timeout '{}' is none", timeout->substr(0, 40)));
  return std::nullopt;
}

asio::awaitable<void> serve(std::shared_ptr<Services> services, http2::exchange& one) {
  one.allow_rest();  // streams of messages pause as they like
  const Encoding encoding = encoding_of(one.request().find("grpc-encoding").value_or("")).value_or(Encoding::identity);
  Call call(one, encoding);
  if (const auto refused = refusal(one, *services)) co_return call.finish(*refused);
  const auto limit = timeout_of(one.request().find("grpc-timeout").value_or(""));
  const CallStatus how = co_await within(limit, call_method(find_method(one.path()), call, *services));
  if (!call.is_over()) call.finish(how);
}

bool is_grpc(const http2::exchange& one) {
  constexpr std::string_view kType = "application/grpc";
  const std::string_view type = one.request().find("content-type").value_or("");
  if (one.method() != "POST" || !type.starts_with(kType)) return false;
  return type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';';
}

http2::handler handler_of(const std::shared_ptr<Services>& services) {
  const http2::handler calls = http2::coroutine([services](http2::exchange& one) { return serve(services, one); });
  return [calls](http2::exchange one) {
    if (is_grpc(one)) return calls(std::move(one));
    http2::fields refused;
    refused.add(":status", "415");
    one.respond(refused);
  };
}

/// Control requests are small and few, and what rows wait is the feed's.
http2::server_options options_of(asio::ssl::context* tls) {
  http2::server_options how;
  how.http1 = false;
  how.connections = 64;
  how.tls = tls;
  how.http2.limits.concurrent_streams = 32;
  how.http2.limits.memory = std::size_t{512} * 1024;
  how.http2.budget = std::make_shared<http2::memory_budget>(std::size_t{8} << 20U);
  return how;
}

Status load_tls(const Security& security, asio::ssl::context& tls) {
  boost::system::error_code error;
  const auto wrong = [&](std::string_view setting, const std::string& file) {
    return fail(core::invalid_argument(fmt::format("{} {}: {}", setting, file, error.message())));
  };
  if (tls.use_certificate_chain_file(security.certificate, error); error) return wrong("grpc-cert", security.certificate);
  if (tls.use_private_key_file(security.key, asio::ssl::context::pem, error); error) return wrong("grpc-key", security.key);
  if (!security.client_ca.empty()) {
    if (tls.load_verify_file(security.client_ca, error); error) return wrong("grpc-client-ca", security.client_ca);
    tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, error);
    if (error) return wrong("grpc-client-ca", security.client_ca);
  }
  http2::set_up_server_tls(tls, false);
  return {};
}

asio::ip::tcp::endpoint to_asio(const core::Endpoint& from) {
  if (from.family == core::Endpoint::Family::v6) return {asio::ip::address_v6(from.bytes), from.port};
  asio::ip::address_v4::bytes_type bytes{};
  std::copy_n(from.bytes.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v4(bytes), from.port};
}

}  // namespace

struct Server::Parts {
  Parts(std::shared_ptr<Services> of, std::optional<asio::ssl::context> secure)
      : services(std::move(of)), tls(std::move(secure)), server(handler_of(services), options_of(tls ? &*tls : nullptr)) {}

  std::shared_ptr<Services> services;
  std::optional<asio::ssl::context> tls;
  std::vector<LocalSocket> files;
  http2::server server;
  std::thread thread;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

core::Result<std::unique_ptr<Server>> Server::start(const collect::Settings& settings, const std::string& version,
                                                    collect::RowFeed& feed, collect::Requests& requests,
                                                    const collect::Board& board, std::function<void()> prepare) {
  const auto addresses = parse_addresses(settings.grpc);
  if (!addresses) return fail(addresses.error());
  if (addresses->empty()) return nullptr;
  const Security security{settings.grpc_token, settings.grpc_cert, settings.grpc_key, settings.grpc_client_ca};
  if (auto safe = check_security(*addresses, security); !safe) return fail(safe.error());
  std::optional<asio::ssl::context> tls;
  if (!security.certificate.empty()) {
    tls.emplace(asio::ssl::context::tls_server);
    if (auto loaded = load_tls(security, *tls); !loaded) return fail(loaded.error());
  }
  const auto services = std::make_shared<Services>(feed, requests, board, version);
  if (!security.token.empty()) {
    auto token = read_token(security.token);
    if (!token) return fail(token.error());
    services->token = std::move(*token);
  }
  std::unique_ptr<Server> server(new Server(std::make_unique<Parts>(services, std::move(tls))));
  for (Address address : *addresses) {
    boost::system::error_code error;
    if (address.path.empty()) {
      address.endpoint.port = server->parts_->server.listen(to_asio(address.endpoint), error).port();
      if (services->port == 0) services->port = address.endpoint.port;
    } else {
      auto local = LocalSocket::bind(address.path);
      if (!local) return fail(local.error());
      server->parts_->server.listen_local(local->release(), error);
      server->parts_->files.push_back(std::move(*local));
    }
    if (error) return fail(core::system_error("listen on " + to_string(address), error.value()));
    server->addresses_.push_back(to_string(address));
  }
  server->parts_->thread = std::thread([parts = server->parts_.get(), prepare = std::move(prepare)] {
    if (prepare) prepare();
    parts->server.run();
  });
  return server;
}

Server::~Server() {
  if (!parts_->thread.joinable()) return;
  parts_->services->is_stopping = true;
  parts_->services->wakers.wake_all();
  parts_->server.stop(std::chrono::seconds(1));
  parts_->thread.join();
}

}  // namespace uncork::rpc
