#include "http2/files/root_folder.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace uncork::http2 {
namespace {

// include/uapi/linux/openat2.h, which this layer does not include; the C library has no function for it.
constexpr long kOpenat2 = 437;
constexpr std::uint64_t kNoMagicLinks = 0x02;
constexpr std::uint64_t kBeneath = 0x08;
struct OpenHow {
  std::uint64_t flags, mode, resolve;
};

// openat2(2): EAGAIN when a rename elsewhere made it unsure that a link stays beneath; to be tried again, and that is bounded
// here.
constexpr int kMostTries = 8;

SiteError failure(const std::string& attempt, int error) {
  const boost::system::error_code code(error, boost::system::system_category());
  return {code, attempt + ": " + code.message()};
}

bool is_transient(int error) { return error == EINTR || error == EAGAIN; }

}  // namespace

int open_beneath_with_kernel(int root, const char* name) {
  OpenHow how{O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, kBeneath | kNoMagicLinks};
  return static_cast<int>(::syscall(kOpenat2, root, name, &how, sizeof how));
}

std::expected<RootFolder, SiteError> RootFolder::open(const std::string& path, OpenBeneath open_beneath) {
  if (path.find('\0') != path.npos) return std::unexpected(failure("open the root folder", EINVAL));
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor) return std::unexpected(failure("open " + path, errno));
  RootFolder root(std::move(descriptor), open_beneath);
  const auto itself = root.open(".");
  if (itself) return root;
  if (itself.error() == ENOSYS || itself.error() == EPERM) {  // EPERM: what seccomp filters of older containers say
    return std::unexpected(failure("openat2 beneath " + path + " (Linux 5.6 has it; a sandbox may forbid it)", itself.error()));
  }
  return std::unexpected(failure("open beneath " + path, itself.error()));
}

std::expected<OpenedFile, int> RootFolder::open(const char* name) const {
  OpenedFile file;
  for (int tries = 1;; ++tries) {
    file.descriptor = FileDescriptor(open_beneath_(descriptor_.get(), name));
    if (file.descriptor) break;
    if (!is_transient(errno) || tries == kMostTries) return std::unexpected(errno);
  }
  if (::fstat(file.descriptor.get(), &file.status) != 0) return std::unexpected(errno);
  return file;
}

}  // namespace uncork::http2
