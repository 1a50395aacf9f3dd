#pragma once
// What stays of BPF programs once libbpf's copy of them is gone: their links, descriptors, and the memory that they share with
// us.

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

struct bpf_link;
struct bpf_object_skeleton;  // NOLINT(readability-identifier-naming): the name that libbpf gave it

namespace uncork::probe {

struct LinkDeleter {
  void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

/// Of every program of the skeleton that is attached; from then on they end with these, and not with the skeleton. Programs and
/// maps live as long as something is attached, whereas libbpf keeps all that it was told of them: several hundred KB.
[[nodiscard]] std::vector<Link> take_links(const bpf_object_skeleton& skeleton);

/// One more descriptor of a map or a program; empty: there is none, or no room for one.
[[nodiscard]] core::Fd another(int fd);

/// The global variables of a program as it has them now, read-only: `Variables` is the skeleton's type of its map (`bss`). Moves,
/// never copies.
template <typename Variables>
class SharedVariables {
 public:
  [[nodiscard]] static core::Result<SharedVariables> open(int map);
  [[nodiscard]] const Variables* operator->() const { return at_.get(); }

 private:
  struct Unmap {
    void operator()(const Variables* at) const;
  };
  std::unique_ptr<const Variables, Unmap> at_;
};

namespace kept_programs {
[[nodiscard]] core::Result<const void*> map(int fd, std::size_t size);
void unmap(const void* at, std::size_t size);
}  // namespace kept_programs

template <typename Variables>
core::Result<SharedVariables<Variables>> SharedVariables<Variables>::open(int map) {
  const auto at = kept_programs::map(map, sizeof(Variables));
  if (!at) return core::fail(at.error());
  SharedVariables shared;
  shared.at_.reset(static_cast<const Variables*>(*at));
  return shared;
}

template <typename Variables>
void SharedVariables<Variables>::Unmap::operator()(const Variables* at) const {
  kept_programs::unmap(at, sizeof(Variables));
}

}  // namespace uncork::probe
