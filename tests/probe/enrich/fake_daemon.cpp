#include "tests/probe/enrich/fake_daemon.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/error.hpp"
#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

bool readable(const core::Fd& fd, const core::Fd& stop) {
  std::array<pollfd, 2> waited = {{{fd.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}}};
  return ::poll(waited.data(), waited.size(), -1) > 0 && waited[1].revents == 0;
}

}  // namespace

FakeDaemon::FakeDaemon(const std::string& name, Answer answer, bool close)
    : path_((std::filesystem::temp_directory_path() / ("uncork-" + name + "-" + std::to_string(::getpid()))).string()),
      answer_(std::move(answer)),
      close_(close),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  ::unlink(path_.c_str());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UNCORK_ASSERT(path_.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  UNCORK_ASSERT(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  UNCORK_ASSERT(::listen(listener_.get(), 4) == 0);
  server_ = std::thread([this] {
    while (readable(listener_, stop_)) {
      const core::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) serve(peer);
    }
  });
}

FakeDaemon::~FakeDaemon() {
  const std::uint64_t one = 1;
  UNCORK_ASSERT(::write(stop_.get(), &one, sizeof one) == sizeof one);
  server_.join();
  ::unlink(path_.c_str());
}

void FakeDaemon::serve(const core::Fd& peer) {
  std::array<std::byte, 4096> bytes{};
  while (readable(peer, stop_)) {
    const auto got = core::read_some(peer, bytes);
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) return;
    for (const std::string& piece : answer_({reinterpret_cast<const char*>(bytes.data()), got->count})) {
      if (!core::send_all(peer, std::as_bytes(std::span(piece)))) return;  // the other end has given up
    }
    if (close_) return;
  }
}

}  // namespace uncork::probe
