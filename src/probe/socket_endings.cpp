#include "probe/socket_endings.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <ctime>
#include <optional>
#include <type_traits>

#include "probe/kept_programs.hpp"
#include "probe/load_error.hpp"
#include "probe/ring_reader.hpp"
#include "socket_endings.skel.h"

namespace uncork::probe {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct SkeletonDeleter {
  void operator()(socket_endings* skeleton) const { socket_endings::destroy(skeleton); }
};
using Variables = std::remove_pointer_t<decltype(socket_endings::bss)>;

/// How many arguments the kernel's tracepoint has; 0: there is none of that name.
unsigned tracepoint_arguments(const char* name) {
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), &btf__free);
  if (!kernel) return 0;
  const auto type_at = [&](std::uint32_t id) { return btf__type_by_id(kernel.get(), id); };
  const int id = btf__find_by_name_kind(kernel.get(), ("btf_trace_" + std::string(name)).c_str(), BTF_KIND_TYPEDEF);
  if (id <= 0) return 0;
  const btf_type* pointer = type_at(type_at(static_cast<std::uint32_t>(id))->type);
  if (pointer == nullptr || !btf_is_ptr(pointer)) return 0;
  const btf_type* function = type_at(pointer->type);
  if (function == nullptr || !btf_is_func_proto(function)) return 0;
  return btf_vlen(function) - 1U;  // the first is the tracepoint's own
}

}  // namespace

struct SocketEndings::Loaded {
  std::vector<Link> links;
  core::Fd ring_map;
  std::optional<RingReader> ring;
  std::optional<SharedVariables<Variables>> variables;
  EndingBook book;
  bool sees_sent_resets = true;
  std::uint64_t unreadable = 0;

  Loaded(record::Texts& texts, const KernelUnits& units) : book(texts, units) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() = default;
};

SocketEndings::SocketEndings(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
SocketEndings::~SocketEndings() = default;

core::Result<std::unique_ptr<SocketEndings>> SocketEndings::attach(record::Texts& texts) {
  const auto units = KernelUnits::running();
  if (!units) return core::fail(units.error());
  std::unique_ptr<SocketEndings> made(new SocketEndings(std::make_unique<Loaded>(texts, *units)));
  if (auto status = made->load_and_attach(); !status) return core::fail(status.error());
  return made;
}

core::Status SocketEndings::load_and_attach() {
  listen_to_libbpf();
  const std::unique_ptr<socket_endings, SkeletonDeleter> skeleton(socket_endings::open());
  if (!skeleton) return core::fail(load_error(errno));
  constexpr unsigned kWithReason = 3;
  loaded_->sees_sent_resets = tracepoint_arguments("tcp_send_reset") >= kWithReason;
  if (!loaded_->sees_sent_resets) bpf_program__set_autoload(skeleton->progs.on_send_reset, false);
  if (const int err = socket_endings::load(skeleton.get()); err != 0) return core::fail(load_error(-err));
  if (const int err = socket_endings::attach(skeleton.get()); err != 0) {
    return core::fail(core::system_error("attach to the tracepoints of ending connections", -err));
  }
  loaded_->ring_map = another(bpf_map__fd(skeleton->maps.endings));
  auto ring = RingReader::open(loaded_->ring_map.get(), bpf_map__max_entries(skeleton->maps.endings));
  if (!ring) return core::fail(ring.error());
  loaded_->ring.emplace(std::move(*ring));
  auto variables = SharedVariables<Variables>::open(bpf_map__fd(skeleton->maps.bss));
  if (!variables) return core::fail(variables.error());
  loaded_->variables.emplace(std::move(*variables));
  loaded_->links = take_links(*skeleton->skeleton);
  return {};
}

core::Status SocketEndings::consume() {
  return loaded_->ring->consume([this](std::span<const std::byte> record) {
    if (!loaded_->book.take(record)) ++loaded_->unreadable;
  });
}

std::optional<Ending> SocketEndings::ending_of(std::uint64_t cookie) { return loaded_->book.ending_of(cookie); }

EndingBook& SocketEndings::book() { return loaded_->book; }

void SocketEndings::collect(const EndingBook::BaseOf& base_of, std::vector<record::Row>& into) {
  loaded_->book.collect(base_of, nanoseconds(CLOCK_REALTIME), static_cast<std::uint64_t>(nanoseconds(CLOCK_MONOTONIC)), into);
}

std::uint64_t SocketEndings::lost() const { return (*loaded_->variables)->lost; }

std::vector<std::string> SocketEndings::limits() const {
  std::vector<std::string> limits;
  if (!loaded_->sees_sent_resets) {
    limits.emplace_back("this kernel does not say why it sends resets (Linux 6.10 does): not seen are resets that were sent");
  }
  if (lost() != 0) limits.push_back(std::to_string(lost()) + " ends of connections not told: their ring buffer was full");
  if (loaded_->unreadable != 0) limits.push_back(std::to_string(loaded_->unreadable) + " ends of connections could not be read");
  return limits;
}

}  // namespace uncork::probe
