#include "cure/refusal.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>

#include "core/syscall.hpp"
#include "cure/process_identity.hpp"

namespace uncork::cure {
namespace {

constexpr unsigned kCapSysPtrace = 19;  // linux/capability.h

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown release";
}

}  // namespace

TraceRights read_trace_rights(pid_t target) {
  TraceRights rights;
  rights.our_uid = ::geteuid();
  if (const auto self = core::read_file("/proc/self/status")) {
    const auto capabilities = parse_status_field(*self, "CapEff:", 16);
    rights.cap_sys_ptrace = capabilities && ((*capabilities >> kCapSysPtrace) & 1U) != 0;
  }
  if (const auto status = core::read_file(fmt::format("/proc/{}/status", target))) {
    if (const auto uid = parse_status_field(*status, "Uid:")) rights.target_uid = static_cast<uid_t>(*uid);
  }
  if (const auto scope = core::read_file("/proc/sys/kernel/yama/ptrace_scope")) {
    std::from_chars(scope->data(), scope->data() + scope->size(), rights.yama_scope);
  }
  return rights;
}

std::string missing_right(const TraceRights& rights) {
  if (rights.yama_scope >= 3) {
    return "kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot; "
           "set TCP_NODELAY in the program instead";
  }
  if (rights.cap_sys_ptrace) {
    return "uncork has CAP_SYS_PTRACE, so a security policy forbids it (seccomp, SELinux, AppArmor, or the process lies in an "
           "outer user namespace); run uncork outside the container or sandbox";
  }
  if (rights.our_uid == 0) {
    return "uncork runs as root but without CAP_SYS_PTRACE; give it that capability (docker run --cap-add SYS_PTRACE)";
  }
  if (rights.target_uid && *rights.target_uid != rights.our_uid) {
    return fmt::format(
        "it runs as uid {} and uncork as uid {}; run uncork as that user, or with CAP_SYS_PTRACE (sudo uncork cure ...)",
        *rights.target_uid, rights.our_uid);
  }
  if (rights.yama_scope > 0) {
    return fmt::format(
        "kernel.yama.ptrace_scope is {}, which keeps processes of one user apart; run uncork with CAP_SYS_PTRACE "
        "(sudo uncork cure ...){}",
        rights.yama_scope, rights.yama_scope == 1 ? ", or set kernel.yama.ptrace_scope to 0" : "");
  }
  return "it belongs to the same user but is protected (set-user-id, capabilities or not dumpable); run uncork "
         "with CAP_SYS_PTRACE (sudo uncork cure ...)";
}

core::Error no_such_process(pid_t pid) {
  return {core::ErrorCode::not_found, ESRCH,
          fmt::format("process {}: no such process; 'ps -e' lists those that are running", pid)};
}

core::Error explain_refusal(pid_t pid, const core::Error& error) {
  switch (error.code) {
    case core::ErrorCode::not_permitted:
      return {error.code, error.system_errno,
              fmt::format("process {}: not permitted to duplicate its sockets ({}): {}", pid, error.message,
                          missing_right(read_trace_rights(pid)))};
    case core::ErrorCode::not_supported:
      return {error.code, error.system_errno,
              fmt::format("process {}: {}: this needs Linux 5.6 or newer (here: {}) and no seccomp filter that hides the call; "
                          "set TCP_NODELAY in the program instead",
                          pid, error.message, kernel_release())};
    case core::ErrorCode::not_found:
      if (error.system_errno == ESRCH || error.system_errno == ENOENT) return no_such_process(pid);
      break;
    default:
      break;
  }
  return {error.code, error.system_errno, fmt::format("process {}: {}", pid, error.message)};
}

}  // namespace uncork::cure
