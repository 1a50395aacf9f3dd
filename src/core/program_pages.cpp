#include "core/program_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace uncork::core {
namespace {

// A private mapping of a file that was never written to is the file's own pages: they come back as they were (madvise(2)). What
// is refused stays.
int give_back(dl_phdr_info* object, std::size_t /*size*/, void* page_bytes) {
  const std::uintptr_t page = *static_cast<const std::uintptr_t*>(page_bytes);
  for (const ElfW(Phdr) & part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    // The loader tells addresses as numbers.
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
  }
  return 0;
}

}  // namespace

void give_back_program_pages() {
  auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  ::dl_iterate_phdr(give_back, &page);
}

}  // namespace uncork::core
