#include "probe/load_error.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>

namespace uncork::probe {
namespace {

/// libbpf's last warning on this thread. Its callback takes no context.
std::string& last_warning() {
  thread_local std::string text;
  return text;
}

int keep_warning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  std::string_view line(text.data());
  last_warning() = line.substr(0, line.find_last_not_of('\n') + 1);
  return 0;
}

}  // namespace

void listen_to_libbpf() { libbpf_set_print(keep_warning); }

core::Error load_error(int err) {
  core::Error error = core::system_error("load the BPF programs", err);
  if (error.code == core::ErrorCode::not_permitted) {
    error.message += "; needs root, or CAP_BPF and CAP_PERFMON";
  } else if (!last_warning().empty()) {
    error.message += "; " + last_warning();
  }
  return error;
}

}  // namespace uncork::probe
