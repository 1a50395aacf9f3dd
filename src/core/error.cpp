#include "core/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace uncork::core {
namespace {

ErrorCode code_of(int err) {
  switch (err) {
    case EPERM:
    case EACCES:
      return ErrorCode::not_permitted;
    case ENOSYS:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
      return ErrorCode::not_supported;
    case ENOENT:
    case ESRCH:
    case EBADF:
      return ErrorCode::not_found;
    case ECONNREFUSED:
    case ECONNRESET:
      return ErrorCode::refused;
    case EINVAL:
      return ErrorCode::invalid_argument;
    default:
      return ErrorCode::system;
  }
}

}  // namespace

Error system_error(std::string_view attempt, int err) {
  return {code_of(err), err, std::string(attempt) + ": " + std::generic_category().message(err)};
}

Error invalid_argument(std::string sentence) { return {ErrorCode::invalid_argument, 0, std::move(sentence)}; }

void panic(const char* file, int line, std::string_view what) {
  std::fprintf(stderr, "uncork: %s:%d: broken promise: %.*s\n", file, line, static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace uncork::core
