#include "cure/cured_group.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "cure/bpf/cured_group.h"
#include "cure/own_cgroup.hpp"
#include "cured_group.skel.h"

namespace uncork::cure {
namespace {

core::Error why_not(const char* attempt, int err) {
  core::Error error = core::system_error(attempt, err);
  if (error.code == core::ErrorCode::not_permitted) error.message += "; needs root, or CAP_BPF and CAP_NET_ADMIN";
  if (err == EINVAL || err == ENOTSUP) {
    error.code = core::ErrorCode::not_supported;
    error.message += "; needs Linux 6.1 with CONFIG_CGROUP_BPF";
  }
  return error;
}

}  // namespace

struct CuredGroup::Loaded {
  OwnCgroup group;
  cured_group* skeleton = nullptr;

  explicit Loaded(OwnCgroup made) : group(std::move(made)) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() { cured_group::destroy(skeleton); }
};

CuredGroup::CuredGroup(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
CuredGroup::~CuredGroup() = default;

core::Result<std::unique_ptr<CuredGroup>> CuredGroup::make(core::Micros longest_ack_delay) {
  ::libbpf_set_print(nullptr);
  auto group = OwnCgroup::make();
  if (!group) return core::fail(group.error());
  auto loaded = std::make_unique<Loaded>(std::move(*group));
  loaded->skeleton = cured_group::open();
  if (loaded->skeleton == nullptr) return core::fail(why_not("open the BPF programs of a cure", errno));
  cured_group& skeleton = *loaded->skeleton;
  skeleton.rodata->delack_max_us = static_cast<std::uint32_t>(longest_ack_delay.count());
  if (const int err = cured_group::load(&skeleton); err != 0) return core::fail(why_not("load the BPF programs of a cure", -err));
  const int cgroup = loaded->group.folder();
  skeleton.links.on_connection = ::bpf_program__attach_cgroup(skeleton.progs.on_connection, cgroup);
  if (skeleton.links.on_connection == nullptr) return core::fail(why_not("attach a BPF program to a cgroup", errno));
  skeleton.links.on_option = ::bpf_program__attach_cgroup(skeleton.progs.on_option, cgroup);
  if (skeleton.links.on_option == nullptr) return core::fail(why_not("attach a BPF program to a cgroup", errno));
  return std::unique_ptr<CuredGroup>(new CuredGroup(std::move(loaded)));
}

int CuredGroup::procs() const { return loaded_->group.procs(); }

CuredCounts CuredGroup::counts() const {
  const auto& counters = loaded_->skeleton->bss->counters;
  return {counters[UNCORK_CURED_CONNECTIONS], counters[UNCORK_CURED_REFUSED], counters[UNCORK_CURED_KEPT],
          counters[UNCORK_CURED_SLOW_ACKS]};
}

}  // namespace uncork::cure
