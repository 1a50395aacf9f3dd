#pragma once
// What went wrong, for a program (code, errno) and for a person (one sentence that names the attempt).

#include <string>
#include <string_view>

namespace uncork::core {

/// What a caller may branch on. The errno stays beside it for those who need the exact reason.
enum class ErrorCode {
  invalid_argument,  ///< the caller's or the user's input; the message says which and what is accepted
  not_permitted,     ///< the kernel refused for lack of a right (EPERM, EACCES)
  not_supported,     ///< this kernel or machine cannot do it
  not_found,         ///< the process, file, namespace or socket is not there (any more)
  refused,           ///< the peer refused or reset the connection
  system,            ///< any other errno
  internal,          ///< a broken promise of ours
};

/// An error value. `message` is one sentence that names the attempt: `connect 127.0.0.1:8001: Connection refused`.
struct Error {
  ErrorCode code = ErrorCode::internal;
  int system_errno = 0;  ///< 0 when no system call was behind it
  std::string message;

  bool operator==(const Error&) const = default;
};

/// The error of a failed system call: `attempt` is what was tried ("open /dev/net/tun"), `err` its errno.
[[nodiscard]] Error system_error(std::string_view attempt, int err);

/// The user's or caller's input was unusable; `sentence` says which part, why, and what is accepted.
[[nodiscard]] Error invalid_argument(std::string sentence);

/// Stops the program with file and line: for programmer errors only, never for input.
[[noreturn]] void panic(const char* file, int line, std::string_view what);

}  // namespace uncork::core

#define UNCORK_ASSERT(condition) ((condition) ? void(0) : ::uncork::core::panic(__FILE__, __LINE__, #condition))
