#include "lab/transmit/serving.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "core/syscall.hpp"
#include "lab/child.hpp"
#include "lab/transmit/nginx.hpp"

namespace uncork::lab {
namespace {

constexpr std::uint16_t kNginxPort = 8080;  // of a namespace in which nobody else listens
constexpr core::Micros kStartLimit{5'000'000};
constexpr core::Micros kPatience{20'000'000};
constexpr std::size_t kReadBytes = 256 * 1024;

core::Error internal(const std::string& sentence) { return {core::ErrorCode::internal, 0, sentence}; }

/// A keep-alive HTTP client that looks at nothing but lengths.
class Client {
 public:
  explicit Client(core::Fd socket) : socket_(std::move(socket)), buffer_(kReadBytes) {}

  core::Status fetch(std::uint64_t expected) {
    static const std::string kRequest = "GET /file HTTP/1.1\r\nHost: lab\r\n\r\n";
    if (auto sent = core::send_all(socket_, std::as_bytes(std::span(kRequest))); !sent) return sent;
    std::string head;
    std::size_t end = std::string::npos;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      const auto got = receive();
      if (!got) return core::fail(got.error());
      head.append(reinterpret_cast<const char*>(buffer_.data()), *got);
      if (head.size() > 2 * kReadBytes) return core::fail(internal("read a file server's answer: its header has no end"));
    }
    if (!head.starts_with("HTTP/1.1 200 ")) {
      return core::fail(internal("read a file server's answer: " + head.substr(0, head.find('\r'))));
    }
    for (std::uint64_t got_so_far = head.size() - end - 4; got_so_far < expected;) {
      const auto got = receive();
      if (!got) return core::fail(got.error());
      got_so_far += *got;
    }
    return {};
  }

 private:
  core::Result<std::size_t> receive() {
    const auto ready = core::wait_readable(socket_, core::MonotonicClock::now() + kPatience);
    if (!ready) return core::fail(ready.error());
    const auto got = *ready ? core::read_some(socket_, buffer_) : core::ReadOutcome{};
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) return core::fail(internal("read a file server's answer: it ended early"));
    return got->count;
  }

  core::Fd socket_;
  std::vector<std::byte> buffer_;
};

/// Nanoseconds on a processor of all threads, ended ones excepted: the first figure of /proc/PID/task/TID/schedstat.
core::Result<std::uint64_t> cpu_of(pid_t pid) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), failed)) {
    const auto text = core::read_file(thread.path().string() + "/schedstat");
    if (!text) return core::fail(text.error());
    std::uint64_t ns = 0;
    std::from_chars(text->data(), text->data() + text->size(), ns);
    sum += ns;
  }
  if (failed) return core::fail(core::system_error(fmt::format("read the processor time of {}", pid), failed.value()));
  return sum;
}

std::optional<std::int64_t> peak_memory_kb(pid_t pid) {
  constexpr std::string_view kKey = "VmHWM:";
  const auto text = core::read_file(fmt::format("/proc/{}/status", pid));
  const std::size_t at = text ? text->find(kKey) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  const std::size_t digits = text->find_first_not_of(" \t", at + kKey.size());
  std::int64_t kb = 0;
  std::from_chars(text->data() + digits, text->data() + text->size(), kb);
  return kb;
}

/// A server with the connection that is kept to it.
struct Contender {
  pid_t pid;
  Client client;
  ServingRow row;
};

core::Status take_turn(Contender& contender, const TransmitOptions& options) {
  const auto cpu_before = cpu_of(contender.pid);
  if (!cpu_before) return core::fail(cpu_before.error());
  const core::Time begun = core::MonotonicClock::now();
  for (unsigned i = 0; i < options.transfers; ++i) {
    if (auto fetched = contender.client.fetch(options.large); !fetched) return fetched;
  }
  const double seconds = core::to_ms(core::MonotonicClock::now() - begun) / 1e3;
  const auto cpu_after = cpu_of(contender.pid);
  if (!cpu_after) return core::fail(cpu_after.error());
  const double gigabytes = static_cast<double>(options.large) * options.transfers / 1e9;
  contender.row.gigabytes_per_second.push_back(gigabytes / seconds);
  contender.row.cpu_ms_per_gigabyte.push_back(static_cast<double>(*cpu_after - *cpu_before) / 1e6 / gigabytes);
  return {};
}

core::Result<core::Fd> connect_when_it_listens(const link::Link& link, const core::Endpoint& at, const Nginx& nginx) {
  const core::Time deadline = core::MonotonicClock::now() + kStartLimit;
  for (;;) {
    auto socket = link.connect_from(link::End::far, at);
    if (socket || core::MonotonicClock::now() > deadline) {
      if (!socket) return core::fail(internal("start nginx: it does not listen: " + nginx.complaints()));
      return socket;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

core::Status measure_serving(const link::Link& link, int file, const TransmitOptions& options, TransmitResult& result,
                             const std::function<bool(unsigned round)>& proceed) {
  const std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), file);
  std::optional<Child> ours;
  std::optional<Nginx> nginx;
  const core::Endpoint nginx_at = link::Link::address(link::End::near, kNginxPort);
  const auto started = link.inside(link::End::near, [&]() -> core::Status {
    auto child = Child::start(
        {"lab", "file-server", "--listen", core::to_string(link::Link::address(link::End::near, 0)), "--file", path});
    if (!child) return core::fail(child.error());
    ours = std::move(*child);
    auto other = Nginx::start(nginx_at, path);
    if (other) nginx = std::move(*other);
    if (!other) result.why_no_nginx = other.error().message;
    return {};
  });
  if (!started) return started;

  std::vector<Contender> contenders;
  auto to_ours = link.connect_from(link::End::far, ours->listening());
  if (!to_ours) return core::fail(to_ours.error());
  contenders.push_back({ours->pid(), Client(std::move(*to_ours)), {"transmit_file", {}, {}}});
  if (nginx) {
    auto to_nginx = connect_when_it_listens(link, nginx_at, *nginx);
    if (!to_nginx) return core::fail(to_nginx.error());
    contenders.push_back({nginx->pid(), Client(std::move(*to_nginx)), {"nginx", {}, {}}});
  }
  for (Contender& contender : contenders) {  // windows and buffers grow
    if (auto fetched = contender.client.fetch(options.large); !fetched) return fetched;
  }
  const auto peak_before = peak_memory_kb(ours->pid());
  for (unsigned round = 0; round < options.rounds; ++round) {
    if (!proceed(round)) return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
    for (std::size_t i = 0; i < contenders.size(); ++i) {  // who begins changes from round to round
      if (auto turn = take_turn(contenders[(i + round) % contenders.size()], options); !turn) return turn;
    }
  }
  const auto peak_after = peak_memory_kb(ours->pid());
  if (peak_before && peak_after) result.memory_growth_kb = *peak_after - *peak_before;
  for (Contender& contender : contenders) result.serving.push_back(std::move(contender.row));
  return {};
}

}  // namespace uncork::lab
