#include "tests/cli/fake_zino.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cli::testing {
namespace {

core::Fd listen_anywhere() { return std::move(*core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"))); }

std::string attributes(const std::string& id) {
  return "303 simple attributes follow, terminated with '.'\r\nid: " + id + "\r\nrouter: gw-" + id +
         "\r\ntype: portstate\r\nstate: open\r\nopened: 1763800000\r\nupdated: 1763800100\r\npriority: 100\r\n"
         "port: ge-1\r\nportstate: down\r\n.\r\n";
}

std::string entries(const std::string& header) {
  return header + "\r\n1763800000 state change embryonic -> open (monitor)\r\n1763800001 ford\r\n line one\r\n line two\r\n.\r\n";
}

/// What a good server says.
std::string right_answer(const std::string& question) {
  static const std::map<std::string, std::string> kPlain = {
      {"GREETING", "200 0123456789012345678901234567890123456789 Hello, there\r\n"},
      {"BODY", "200 ok\r\n"},
      {"QUIT", "205 Bye\r\n"},
      {"VERSION", "200 zino version is 2.5.1\r\n"},
      {"CASEIDS", "304 list of active cases follows, terminated with '.'\r\n1\r\n2\r\n.\r\n"},
      {"PM LIST", "300 PM event ids follows, terminated with '.'\r\n1\r\n2\r\n.\r\n"}};
  if (const auto found = kPlain.find(question); found != kPlain.end()) return found->second;
  const std::string id = question.substr(question.rfind(' ') + 1);
  const auto is = [&](std::string_view command) { return question.starts_with(command); };
  if (is("USER ") || is("SETSTATE ") || is("NTIE ") || is("PM CANCEL ")) return "200 ok\r\n";
  if (is("PM ADD ")) return "200 PM id 3 successfully added\r\n";
  if (is("PM ADDLOG ")) return "302 please provide new PM log entry, terminate with '.'\r\n";
  if (is("ADDHIST ")) return "302 please provide new history entry, terminate with '.'\r\n";
  if (is("GETATTRS ")) return attributes(id);
  if (is("GETHIST ")) return entries("301 history follows, terminated with '.'");
  if (is("GETLOG ") || is("PM LOG ")) return entries("300 log follows, terminated with '.'");
  if (is("PM DETAILS ")) return "200 " + id + " 1764547200 1764554400 device exact gw-1\r\n";
  if (is("PM MATCHING ")) return "300 Matching ports/devices follows, terminated with '.'\r\n" + id + " device gw-1\r\n.\r\n";
  return "500 unknown command: \"" + question + "\"\r\n";
}

}  // namespace

FakeZino::FakeZino(Answer answer, bool byte_by_byte, std::string notifications)
    : answer_(std::move(answer)),
      byte_by_byte_(byte_by_byte),
      notifications_(std::move(notifications)),
      commands_(listen_anywhere()),
      notify_(listen_anywhere()) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  stop_read_ = core::Fd(ends[0]);
  stop_write_ = core::Fd(ends[1]);
  port_ = core::local_endpoint(commands_)->port;
  notify_port_ = core::local_endpoint(notify_)->port;
  command_thread_ = std::jthread([this] { serve_commands(); });
  notify_thread_ = std::jthread([this] { serve_notifications(); });
}

FakeZino::~FakeZino() { stop_write_.reset(); }

std::vector<std::string> FakeZino::asked() const {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

bool FakeZino::wait_for(const core::Fd& fd) const {
  std::array<pollfd, 2> wanted = {pollfd{fd.get(), POLLIN, 0}, pollfd{stop_read_.get(), POLLIN, 0}};
  ::poll(wanted.data(), wanted.size(), -1);  // the program under test has time limits, and so has who runs it
  return wanted[1].revents == 0;
}

void FakeZino::serve_commands() {
  while (wait_for(commands_)) {
    if (const auto socket = core::tcp_accept(commands_)) converse(*socket);
  }
}

void FakeZino::serve_notifications() {
  while (wait_for(notify_)) {
    const auto socket = core::tcp_accept(notify_);
    if (!socket || !send(*socket, {.bytes = "abcdef0123456789\r\n"})) continue;
    bool tied = false;
    while (!tied) {
      const auto all = asked();
      tied = std::ranges::any_of(all, [](const std::string& one) { return one.starts_with("NTIE "); });
      std::array<pollfd, 2> wanted = {pollfd{stop_read_.get(), POLLIN, 0}, pollfd{socket->get(), POLLIN, 0}};
      if (::poll(wanted.data(), wanted.size(), 10) > 0) return;
    }
    send(*socket, {.bytes = notifications_});
    if (!wait_for(*socket)) return;
  }
}

void FakeZino::converse(const core::Fd& socket) {
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, std::array<int, 1>{1}.data(), sizeof(int));
  if (!say(socket, "GREETING")) return;
  std::string buffer;
  bool in_body = false;
  while (wait_for(socket)) {
    std::array<std::byte, 4096> chunk{};
    const auto got = core::read_some(socket, chunk);
    if (!got || got->count == 0) return;
    buffer.append(reinterpret_cast<const char*>(chunk.data()), got->count);
    for (std::size_t end = 0; (end = buffer.find("\r\n")) != std::string::npos;) {
      const std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 2);
      if (in_body && line != ".") continue;
      if (!say(socket, in_body ? "BODY" : line)) return;
      in_body = !in_body && (line.starts_with("ADDHIST ") || line.starts_with("PM ADDLOG "));
    }
  }
}

bool FakeZino::say(const core::Fd& socket, const std::string& question) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::ranges::find(asked_, question) == asked_.end()) asked_.push_back(question);
  }
  const Said said = answer_(question, right_answer(question));
  return send(socket, said) && !said.closes;
}

bool FakeZino::send(const core::Fd& socket, const Said& said) const {
  const bool apart = byte_by_byte_ || said.pause.count() > 0;
  const auto send_all = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, apart ? 1 : bytes.size());
      if (!core::send_all(socket, std::as_bytes(std::span(piece)))) return false;
      bytes.remove_prefix(piece.size());
      pollfd stopped{stop_read_.get(), POLLIN, 0};
      if (::poll(&stopped, 1, static_cast<int>(said.pause.count())) > 0) return false;
    }
    return true;
  };
  if (!send_all(said.bytes)) return false;
  const std::size_t last = said.bytes.rfind("\r\n", said.bytes.size() - std::min<std::size_t>(said.bytes.size(), 3));
  while (said.endless) {
    if (!send_all(std::string_view(said.bytes).substr(last == std::string::npos ? 0 : last + 2))) return false;
  }
  return true;
}

}  // namespace uncork::cli::testing
