#include "probe/kept_programs.hpp"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <span>

namespace uncork::probe {

void LinkDeleter::operator()(bpf_link* link) const { bpf_link__destroy(link); }

std::vector<Link> take_links(const bpf_object_skeleton& skeleton) {
  std::vector<Link> links;
  for (const bpf_prog_skeleton& program : std::span(skeleton.progs, static_cast<std::size_t>(skeleton.prog_cnt))) {
    if (bpf_link* link = std::exchange(*program.link, nullptr)) links.emplace_back(link);
  }
  return links;
}

core::Fd another(int fd) { return core::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

core::Result<const void*> kept_programs::map(int fd, std::size_t size) {
  const void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return core::fail(core::system_error("map the variables of a BPF program", errno));
  return at;
}

void kept_programs::unmap(const void* at, std::size_t size) { ::munmap(const_cast<void*>(at), size); }

}  // namespace uncork::probe
