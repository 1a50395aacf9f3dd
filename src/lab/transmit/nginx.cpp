#include "lab/transmit/nginx.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/syscall.hpp"
#include "lab/child.hpp"

namespace uncork::lab {
namespace {

constexpr std::array<const char*, 3> kPlaces = {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"};

core::Result<core::Fd> in_memory(const char* what, const std::string& text = "") {
  const auto made = core::checked("make a file in memory", [&] { return ::memfd_create(what, MFD_CLOEXEC); });
  if (!made) return core::fail(made.error());
  core::Fd file(*made);
  const auto wrote = core::checked("write a file in memory", [&] { return ::pwrite(file.get(), text.data(), text.size(), 0); });
  if (!wrote) return core::fail(wrote.error());
  return file;
}

/// By this name another process opens our descriptor; it can neither be deleted nor replaced, which nginx tries with its pid
/// file.
std::string name_of(const core::Fd& file) { return fmt::format("/proc/{}/fd/{}", ::getpid(), file.get()); }

std::string configuration(const core::Endpoint& at, const std::string& file, const std::string& pid_file) {
  return fmt::format(
      "daemon off;\nmaster_process off;\npid {};\nerror_log stderr warn;\nevents {{ worker_connections 64; }}\n"
      "http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000;\n  keepalive_timeout 600;\n"
      "  server {{\n    listen {};\n    location = /file {{ alias {}; }}\n  }}\n}}\n",
      pid_file, core::to_string(at), file);
}

/// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char* const* arguments, int log, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // it died before prctl
  setpgid(0, 0);                      // Ctrl-C is for the lab
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(program, arguments);
  _exit(127);
}

}  // namespace

Nginx::Nginx(pid_t pid, core::Fd config, core::Fd pid_file, core::Fd log)
    : pid_(pid), config_(std::move(config)), pid_file_(std::move(pid_file)), log_(std::move(log)) {}

Nginx::Nginx(Nginx&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      config_(std::move(other.config_)),
      pid_file_(std::move(other.pid_file_)),
      log_(std::move(other.log_)) {}

Nginx& Nginx::operator=(Nginx&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    config_ = std::move(other.config_);
    pid_file_ = std::move(other.pid_file_);
    log_ = std::move(other.log_);
  }
  return *this;
}

Nginx::~Nginx() { end(); }

void Nginx::end() {
  if (pid_ < 0) return;
  end_child(std::exchange(pid_, -1));
}

core::Result<Nginx> Nginx::start(const core::Endpoint& at, const std::string& file) {
  const auto program = std::ranges::find_if(kPlaces, [](const char* place) { return ::access(place, X_OK) == 0; });
  if (program == kPlaces.end()) {
    return core::fail(core::Error{core::ErrorCode::not_found, 0, "nginx is not installed: ./dev deps --interop installs it"});
  }
  auto pid_file = in_memory("nginx.pid");
  if (!pid_file) return core::fail(pid_file.error());
  auto config = in_memory("nginx.conf", configuration(at, file, name_of(*pid_file)));
  if (!config) return core::fail(config.error());
  auto log = in_memory("nginx.log");
  if (!log) return core::fail(log.error());
  std::string name = "nginx";
  std::string option = "-c";
  std::string path = name_of(*config);
  std::string errors = "-e";
  std::string to_stderr = "stderr";
  std::array<char*, 6> argv = {name.data(), option.data(), path.data(), errors.data(), to_stderr.data(), nullptr};
  const pid_t parent = ::getpid();
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) become(*program, argv.data(), log->get(), parent);
  return Nginx(*forked, std::move(*config), std::move(*pid_file), std::move(*log));
}

std::string Nginx::complaints() const {
  std::string text(2000, '\0');
  const ssize_t got = ::pread(log_.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

}  // namespace uncork::lab
