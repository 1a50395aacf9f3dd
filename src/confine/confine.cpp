#include "confine/confine.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "core/fd.hpp"
#include "core/syscall.hpp"

namespace uncork::confine {
namespace {

using core::fail;
using core::Status;

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << static_cast<unsigned>(capability); }

constexpr std::uint64_t kOfPolls = bit(CAP_SYS_ADMIN) | bit(CAP_SYS_PTRACE) | bit(CAP_DAC_READ_SEARCH) | bit(CAP_NET_ADMIN) |
                                   bit(CAP_BPF) | bit(CAP_PERFMON) | bit(CAP_DAC_OVERRIDE);
constexpr std::uint64_t kOfWriters = bit(CAP_DAC_OVERRIDE);

/// Of the calling thread; those that it has not got are not asked for.
Status keep_capabilities(std::uint64_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  const auto got = core::checked("read capabilities", [&] { return ::syscall(SYS_capget, &header, data.data()); });
  if (!got) return fail(got.error());
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto half = static_cast<std::uint32_t>(kept >> (32 * i));
    data[i].permitted &= half;
    data[i].effective &= half;
    data[i].inheritable = 0;
  }
  const auto set = core::checked("give up capabilities", [&] { return ::syscall(SYS_capset, &header, data.data()); });
  return set ? Status{} : fail(set.error());
}

Status forbid_new_privileges() {
  const auto forbidden = core::checked("forbid new privileges", [] { return ::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL); });
  return forbidden ? Status{} : fail(forbidden.error());
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

/// What no part of a collector does. A list of what it does would change with each library.
constexpr std::initializer_list<int> kForbidden = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(personality),
    SCMP_SYS(vhangup),
    SCMP_SYS(unshare),
};

struct FilterReleaser {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

core::Error refused(int error) { return core::system_error("filter system calls (seccomp)", -error); }

Status filter_system_calls() {
  const std::unique_ptr<void, FilterReleaser> filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return fail(refused(-ENOMEM));
  if (const int error = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); error != 0) return fail(refused(error));
  for (const int call : kForbidden) {
    if (kIsSanitized && call == SCMP_SYS(ptrace)) continue;  // by it LeakSanitizer stops the threads of a process that ends
    const int error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
    if (error != 0 && error != -EDOM) return fail(refused(error));  // EDOM: this architecture has no such call
  }
  const int error = ::seccomp_load(filter.get());
  return error == 0 ? Status{} : fail(refused(error));
}

constexpr std::uint64_t kWriting = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/// The rights that this kernel can take away; 0: it has no Landlock.
std::uint64_t writing_rights() {
  constexpr std::uint64_t kRefer = 1U << 13U;     // LANDLOCK_ACCESS_FS_REFER, of its second version
  constexpr std::uint64_t kTruncate = 1U << 14U;  // LANDLOCK_ACCESS_FS_TRUNCATE, of its third
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  std::uint64_t rights = kWriting;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  return rights;
}

Status allow_below(const core::Fd& rules, const std::string& folder, std::uint64_t rights) {
  const auto opened = core::open_file(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (!opened) return opened.error().system_errno == ENOENT ? Status{} : Status(fail(opened.error()));
  landlock_path_beneath_attr below{};
  below.allowed_access = rights;
  below.parent_fd = opened->get();
  const auto added = core::checked("allow to write below " + folder + " (Landlock)", [&] {
    return ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &below, 0);
  });
  return added ? Status{} : fail(added.error());
}

Status write_only_below(const std::vector<std::string>& folders) {
  const std::uint64_t writing = writing_rights();
  if (writing == 0) return {};
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = writing | LANDLOCK_ACCESS_FS_EXECUTE;
  const auto made = core::checked("restrict files (Landlock)", [&] {
    return ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
  });
  if (!made) return fail(made.error());
  const core::Fd rules(static_cast<int>(*made));
  for (const std::string& folder : folders) {
    if (auto allowed = allow_below(rules, folder, writing); !allowed) return allowed;
  }
  const auto restricted =
      core::checked("restrict files (Landlock)", [&] { return ::syscall(SYS_landlock_restrict_self, rules.get(), 0); });
  return restricted ? Status{} : fail(restricted.error());
}

/// The first of several that failed.
Status first_failure(std::initializer_list<Status> done) {
  for (const Status& one : done) {
    if (!one) return one;
  }
  return {};
}

}  // namespace

Status confine_process() { return first_failure({forbid_new_privileges(), filter_system_calls(), keep_capabilities(kOfPolls)}); }

Status confine_thread(const std::vector<std::string>& folders) {
  return first_failure({forbid_new_privileges(), write_only_below(folders), keep_capabilities(kOfWriters)});
}

}  // namespace uncork::confine
