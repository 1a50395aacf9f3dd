#include "lab/coalesce/answer_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {

namespace asio = boost::asio;

AnswerClient::AnswerClient(std::unique_ptr<Connection> connection, AnswerProtocol protocol)
    : connection_(std::move(connection)), protocol_(protocol) {
  for (const std::string& piece : answer_pieces(protocol, 1)) answer_size_ += piece.size();
}

core::Result<AnswerClient> AnswerClient::connect(const core::Endpoint& server, AnswerProtocol protocol) {
  auto fd = core::tcp_connect(server);
  if (!fd) return core::fail(fd.error());
  if (auto set = core::set_option(*fd, IPPROTO_TCP, TCP_NODELAY, 1); !set) return core::fail(set.error());
  const auto family = server.family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  return AnswerClient(std::make_unique<Connection>(family, fd->release()), protocol);
}

core::Result<core::Micros> AnswerClient::ask(unsigned requests, unsigned writes) {
  std::string questions;
  for (unsigned i = 0; i < requests; ++i) questions += answer_request(protocol_, writes);
  const core::Time begin = core::MonotonicClock::now();
  boost::system::error_code error;
  asio::write(connection_->socket, asio::buffer(questions), error);
  for (std::size_t left = requests * answer_size_; left > 0 && !error;) {
    left -= connection_->socket.read_some(asio::buffer(received_.data(), std::min(left, received_.size())), error);
  }
  if (error) return core::fail(core::Error{core::ErrorCode::refused, 0, "read the answers: " + error.message()});
  answers_ += requests;
  return core::MonotonicClock::now() - begin;
}

}  // namespace uncork::lab
