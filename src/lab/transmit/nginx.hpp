#pragma once
// An nginx of the lab's own, serving one file: the yardstick that nobody here wrote.

#include <sys/types.h>

#include <string>

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// One process (daemon off, master_process off), with sendfile, tcp_nopush and keep-alive on. Its configuration and its pid file
/// are in memory, so that nothing stays on a disk. Ended when destroyed, and if we die. Move-only, not thread-safe.
class Nginx {
 public:
  /// Runs it in the calling thread's network namespace, listening on `at`, answering /file with `file`. Does not wait until it
  /// listens. Errors: not_found when it is not installed, with how to.
  [[nodiscard]] static core::Result<Nginx> start(const core::Endpoint& at, const std::string& file);
  Nginx(Nginx&& other) noexcept;
  Nginx& operator=(Nginx&& other) noexcept;
  ~Nginx();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// What it complained about, if anything.
  [[nodiscard]] std::string complaints() const;

 private:
  Nginx(pid_t pid, core::Fd config, core::Fd pid_file, core::Fd log);
  void end();

  pid_t pid_ = -1;
  core::Fd config_;
  core::Fd pid_file_;
  core::Fd log_;
};

}  // namespace uncork::lab
