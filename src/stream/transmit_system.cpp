#include "uncork/stream/detail/transmit_system.hpp"

#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace uncork::stream::detail {
namespace {

// include/uapi/linux/mman.h; older headers than Linux 6.5 lack both.
constexpr long kCachestat = 451;
struct cachestat_range {
  std::uint64_t offset;
  std::uint64_t length;
};
struct cachestat_answer {
  std::uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

int count_cached_pages(int file, std::uint64_t offset, std::uint64_t length, std::uint64_t* pages) {
  cachestat_range range{offset, length};
  cachestat_answer answer{};
  if (::syscall(kCachestat, file, &range, &answer, 0) != 0) return -1;
  *pages = answer.cached;
  return 0;
}

ssize_t peek_at(int file, off_t offset) {
  char byte = 0;
  const iovec into{&byte, 1};
  return ::preadv2(file, &into, 1, offset, RWF_NOWAIT);
}

}  // namespace

const transmit_system& transmit_system::kernel() noexcept {
  static constexpr transmit_system kKernel = {&::sendfile,
                                              &::send,
                                              &::pread,
                                              &::read,
                                              [](int file, struct stat* status) { return ::fstat(file, status); },
                                              &::poll,
                                              &::getsockopt,
                                              &::setsockopt,
                                              &count_cached_pages,
                                              &peek_at};
  return kKernel;
}

}  // namespace uncork::stream::detail
