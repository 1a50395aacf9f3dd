#include "probe/witness.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "probe/kept_programs.hpp"
#include "probe/load_error.hpp"
#include "probe/namespaces.hpp"
#include "probe/service_reader.hpp"
#include "witness.skel.h"

namespace uncork::probe {
namespace {

struct Hook {
  const char* program;
  const char* tracepoint;
  bool needed;
  const char* unseen;  // what goes unseen without it
};

constexpr Hook kHooks[] = {
    {"on_send", "sock_send_length", true, "writes"},
    {"on_segment", "tcp_probe", true, "arriving segments"},
    {"on_read", "tcp_rcv_space_adjust", true, "when applications read"},
    {"on_retransmit", "tcp_retransmit_skb", false, "retransmissions (loss_recovery)"},
    {"on_state", "inet_sock_set_state", false, "which end opened a connection"},
    {"on_destroy", "tcp_destroy_sock", false, "the last ledger of connections that end"},
};

// Those that follow the children of processes that are wanted.
constexpr Hook kFamilyHooks[] = {
    {"on_fork", "sched_process_fork", true, "which processes are children of those that are wanted"},
    {"on_exit", "sched_process_exit", false, "when processes end"},
};

/// The inode of our pid namespace; 0: it is the first, or nobody knows.
std::uint32_t own_pid_namespace() {
  constexpr std::uint32_t kFirst = 0xEFFFFFFC;  // PROC_PID_INIT_INO, include/linux/proc_ns.h
  struct stat found{};
  if (::stat("/proc/self/ns/pid", &found) != 0 || found.st_ino == kFirst) return 0;
  return static_cast<std::uint32_t>(found.st_ino);
}

std::uint32_t tick_us() {
  // The coarse clock advances once a tick, and the kernel says by how much (KTIME_LOW_RES): HZ without a config file.
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
  return static_cast<std::uint32_t>(resolution.tv_nsec / 1000);
}

struct BtfDeleter {
  void operator()(btf* b) const { btf__free(b); }
};

core::Result<std::unique_ptr<btf, BtfDeleter>> kernel_btf() {
  std::unique_ptr<btf, BtfDeleter> kernel(btf__load_vmlinux_btf());
  if (!kernel) {
    return core::fail(core::Error{core::ErrorCode::not_supported, errno,
                                  "read the kernel's BTF (/sys/kernel/btf/vmlinux): " + std::string(std::strerror(errno)) +
                                      "; a kernel built with CONFIG_DEBUG_INFO_BTF is needed"});
  }
  return kernel;
}

using Variables = std::remove_pointer_t<decltype(witness::bss)>;

bool has_tracepoint(const btf& kernel, const char* tracepoint) {
  return btf__find_by_name_kind(&kernel, ("btf_trace_" + std::string(tracepoint)).c_str(), BTF_KIND_TYPEDEF) > 0;
}

}  // namespace

struct Witness::Loaded {
  WitnessOptions options;
  witness* skeleton = nullptr;                       // until everything is attached
  std::vector<Link> links;                           // of the hooks
  std::array<core::Fd, std::size(kHooks)> programs;  // their
  struct {
    core::Fd sockets, wanted, ended, records, services, workers;
  } maps;
  std::optional<SharedVariables<Variables>> variables;
  Link pass;     // over every process's descriptors
  Link orphans;  // over the sockets that no process holds any more
  Link walk;     // over every process
  std::optional<ServiceReader> services;
  ring_buffer* ended = nullptr;
  ring_buffer* records = nullptr;
  std::vector<std::string> unseen;
  std::vector<ConnectionRow> ended_rows;
  std::vector<std::byte> buffer = std::vector<std::byte>(1 << 16);
  NamespaceNames namespaces;
  RecordDecoder decoder;
  const std::function<void(const SocketEvent&)>* sink = nullptr;

  Loaded() = default;
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() {
    ring_buffer__free(records);
    ring_buffer__free(ended);
    witness::destroy(skeleton);
  }

  static int on_ended(void* self, void* data, std::size_t size) {
    auto row = decode_row({static_cast<const std::byte*>(data), size});
    if (row) static_cast<Loaded*>(self)->ended_rows.push_back(std::move(*row));
    return 0;
  }

  static int on_record(void* self, void* data, std::size_t size) {
    auto* loaded = static_cast<Loaded*>(self);
    const auto events = loaded->decoder.decode({static_cast<const std::byte*>(data), size});
    if (!events || loaded->sink == nullptr) return 0;
    for (const SocketEvent& event : *events) (*loaded->sink)(event);
    return 0;
  }
};

/// Whether programs may walk over a map of socket storage. Some machines refuse every iterator over the elements of a map with
/// EPERM, root or not (met on Linux 6.18 under lockdown), and a refused program fails the whole object: so a program that does
/// nothing asks.
bool may_walk_storage(const btf& kernel) {
  const int id = btf__find_by_name_kind(&kernel, "bpf_iter_bpf_sk_storage_map", BTF_KIND_FUNC);
  if (id < 0) return false;
  const bpf_insn nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
                              {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_TRACE_ITER;
  options.attach_btf_id = static_cast<std::uint32_t>(id);
  const int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ask", "Dual BSD/GPL", nothing, std::size(nothing), &options);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

core::Result<std::vector<std::string>> missing_tracepoints() {
  const auto kernel = kernel_btf();
  if (!kernel) return core::fail(kernel.error());
  std::vector<std::string> missing;
  for (const Hook& hook : kHooks) {
    if (!has_tracepoint(**kernel, hook.tracepoint)) {
      missing.push_back("this kernel has no tracepoint " + std::string(hook.tracepoint) + ", which shows " + hook.unseen);
    }
  }
  return missing;
}

Witness::Witness(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Witness::~Witness() = default;

core::Result<std::unique_ptr<Witness>> Witness::attach(const WitnessOptions& options) {
  listen_to_libbpf();
  auto loaded = std::make_unique<Loaded>();
  loaded->options = options;
  loaded->skeleton = witness::open();
  if (loaded->skeleton == nullptr) return core::fail(load_error(errno));
  std::unique_ptr<Witness> made(new Witness(std::move(loaded)));
  if (auto status = made->load_and_attach(); !status) return core::fail(status.error());
  return made;
}

core::Status Witness::load_and_attach() {
  witness& skeleton = *loaded_->skeleton;
  const auto kernel = kernel_btf();
  if (!kernel) return core::fail(kernel.error());
  for (const Hook& hook : kHooks) {
    if (has_tracepoint(**kernel, hook.tracepoint)) continue;
    if (hook.needed) {
      return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                    "attach to " + std::string(hook.tracepoint) +
                                        ": this kernel has no such tracepoint (Linux 6.3 has all that the witness needs)"});
    }
    bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton.obj, hook.program), false);
    loaded_->unseen.push_back("this kernel has no tracepoint " + std::string(hook.tracepoint) + ", which shows " + hook.unseen);
  }
  if (!may_walk_storage(**kernel)) {
    bpf_program__set_autoload(skeleton.progs.each_orphan, false);
    loaded_->unseen.emplace_back(
        "this machine refuses BPF iterators over maps: of a socket that no process holds any more the time is known when it "
        "ends");
  }
  skeleton.rodata->stream_records = loaded_->options.stream;
  skeleton.rodata->tick_us = tick_us();
  skeleton.rodata->whole = loaded_->options.whole.all;
  skeleton.rodata->whole_port = loaded_->options.whole.port;
  skeleton.rodata->whole_netns = loaded_->options.whole.netns;
  skeleton.rodata->whole_pid = static_cast<std::uint32_t>(loaded_->options.whole.pid);
  set_choice();
  if (loaded_->options.stream) {
    bpf_map__set_max_entries(skeleton.maps.records, static_cast<std::uint32_t>(loaded_->options.stream_bytes));
  }
  bpf_map__set_max_entries(skeleton.maps.ended, static_cast<std::uint32_t>(loaded_->options.ended_bytes));
  if (const int err = witness::load(&skeleton); err != 0) return core::fail(load_error(-err));
  if (auto kept = keep_maps(); !kept) return kept;
  if (auto chosen = choose_cgroup(); !chosen) return chosen;
  auto services = ServiceReader::open(
      {loaded_->maps.services.get(), loaded_->maps.workers.get(), bpf_map__max_entries(skeleton.maps.services)});
  if (!services) return core::fail(services.error());
  loaded_->services = std::move(*services);

  // The iterator's first pass tells the programs which ports are listened on, before they meet their first socket.
  loaded_->pass.reset(bpf_program__attach_iter(skeleton.progs.each_file, nullptr));
  if (!loaded_->pass) return core::fail(core::system_error("attach the socket iterator", errno));
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<std::uint32_t>(bpf_map__fd(skeleton.maps.sockets));
  bpf_iter_attach_opts over_map{};
  over_map.sz = sizeof over_map;
  over_map.link_info = &info;
  over_map.link_info_len = sizeof info;
  const bool walks_orphans = bpf_program__autoload(skeleton.progs.each_orphan);
  if (walks_orphans) loaded_->orphans.reset(bpf_program__attach_iter(skeleton.progs.each_orphan, &over_map));
  if (walks_orphans && !loaded_->orphans)
    return core::fail(core::system_error("attach the iterator over orphaned sockets", errno));
  loaded_->walk.reset(bpf_program__attach_iter(skeleton.progs.each_process, nullptr));
  if (!loaded_->walk) return core::fail(core::system_error("attach the process iterator", errno));
  if (const auto first = poll(); !first) return core::fail(first.error());
  if (auto attached = follow_families(); !attached) return attached;
  for (const Hook& hook : kHooks) {
    bpf_program* program = bpf_object__find_program_by_name(skeleton.obj, hook.program);
    if (!bpf_program__autoload(program)) continue;
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) return core::fail(core::system_error("attach to " + std::string(hook.tracepoint), errno));
    loaded_->links.emplace_back(link);
    loaded_->programs.at(static_cast<std::size_t>(&hook - kHooks)) = another(bpf_program__fd(program));
  }
  loaded_->ended = ring_buffer__new(loaded_->maps.ended.get(), &Loaded::on_ended, loaded_.get(), nullptr);
  loaded_->records = ring_buffer__new(loaded_->maps.records.get(), &Loaded::on_record, loaded_.get(), nullptr);
  if (loaded_->ended == nullptr || loaded_->records == nullptr)
    return core::fail(core::system_error("open the BPF ring buffers", errno));
  witness::destroy(std::exchange(loaded_->skeleton, nullptr));
  return {};
}

/// What is needed of them once libbpf's copy of the programs is gone.
core::Status Witness::keep_maps() {
  const auto& maps = loaded_->skeleton->maps;
  auto& kept = loaded_->maps;
  kept.sockets = another(bpf_map__fd(maps.sockets));
  kept.wanted = another(bpf_map__fd(maps.wanted));
  kept.ended = another(bpf_map__fd(maps.ended));
  kept.records = another(bpf_map__fd(maps.records));
  kept.services = another(bpf_map__fd(maps.services));
  kept.workers = another(bpf_map__fd(maps.workers));
  auto variables = SharedVariables<Variables>::open(bpf_map__fd(maps.bss));
  if (!variables) return core::fail(variables.error());
  loaded_->variables.emplace(std::move(*variables));
  return {};
}

/// Which sockets have accounts, which matter, and what is told of them.
void Witness::set_choice() {
  witness& skeleton = *loaded_->skeleton;
  const WitnessOptions& options = loaded_->options;
  skeleton.rodata->only_port = options.only.port;
  skeleton.rodata->only_local_port = options.only.local_port;
  skeleton.rodata->only_remote_port = options.only.remote_port;
  skeleton.rodata->only_netns = options.only.netns;
  skeleton.rodata->only_cgroup = options.only.cgroup >= 0;
  skeleton.rodata->only_pids = options.only.processes;
  skeleton.rodata->only_remote_bits = options.only.remote_bits;
  std::ranges::copy(options.only.remote, std::begin(skeleton.rodata->only_remote));
  skeleton.rodata->only_role = options.only.role == stall::Role::requester   ? UNCORK_ROLE_REQUESTER
                               : options.only.role == stall::Role::responder ? UNCORK_ROLE_RESPONDER
                                                                             : UNCORK_ROLE_UNKNOWN;
  skeleton.rodata->pid_namespace = own_pid_namespace();
  skeleton.rodata->tell_rows = options.tell.open;
  skeleton.rodata->tell_ended = options.tell.ended;
  skeleton.rodata->tell_quiet = options.tell.quiet;
  skeleton.rodata->threshold.least_lost_us = static_cast<std::uint64_t>(options.threshold.least_lost.count());
  skeleton.rodata->threshold.least_an_exchange_us = static_cast<std::uint64_t>(options.threshold.least_an_exchange.count());
  skeleton.rodata->threshold.least_share_ppm = static_cast<std::uint32_t>(std::lround(options.threshold.least_share * 1e6));
  skeleton.rodata->threshold.limit_factor = static_cast<std::uint32_t>(stall::kLimitFactor);
  const auto room = static_cast<std::uint32_t>(options.services);
  skeleton.rodata->service_room = room;
  bpf_map__set_max_entries(skeleton.maps.service_index, std::max(room, 1U));
  bpf_map__set_max_entries(skeleton.maps.services, room + 2);
  if (room == 0) bpf_map__set_max_entries(skeleton.maps.workers, 1);
  for (const Hook& hook : kFamilyHooks) {
    bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton.obj, hook.program),
                              options.only.processes && options.only.children);
  }
}

core::Status Witness::choose_cgroup() {
  if (loaded_->options.only.cgroup < 0) return {};
  const std::uint32_t first = 0;
  const auto cgroup = static_cast<std::uint32_t>(std::exchange(loaded_->options.only.cgroup, -1));
  if (const int err = bpf_map_update_elem(bpf_map__fd(loaded_->skeleton->maps.cgroups), &first, &cgroup, BPF_ANY); err != 0)
    return core::fail(core::system_error("tell the kernel which control group is wanted", -err));
  return {};
}

core::Status Witness::follow_families() {
  if (!loaded_->options.only.processes || !loaded_->options.only.children) return {};
  for (const Hook& hook : kFamilyHooks) {
    bpf_link* link = bpf_program__attach(bpf_object__find_program_by_name(loaded_->skeleton->obj, hook.program));
    if (link == nullptr) return core::fail(core::system_error("attach to " + std::string(hook.tracepoint), errno));
    loaded_->links.emplace_back(link);
  }
  return {};
}

core::Status Witness::read_records(const bpf_link& over, std::size_t size,
                                   const std::function<core::Status(std::span<const std::byte>)>& sink) {
  const core::Fd iterator(bpf_iter_create(bpf_link__fd(&over)));
  if (!iterator) return core::fail(core::system_error("start a pass of the kernel's", errno));
  std::size_t filled = 0;
  for (;;) {
    auto& buffer = loaded_->buffer;
    const auto got = core::read_some(iterator, std::span(buffer).subspan(filled), "read a pass of the kernel's");
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) return {};
    filled += got->count;
    std::size_t used = 0;
    for (; filled - used >= size; used += size) {
      if (auto taken = sink(std::span(buffer).subspan(used, size)); !taken) return taken;
    }
    std::memmove(buffer.data(), buffer.data() + used, filled - used);
    filled -= used;
  }
}

core::Status Witness::read_pass(const bpf_link& over, const std::function<void(ConnectionRow)>& sink) {
  return read_records(over, sizeof(uncork_socket_row), [&](std::span<const std::byte> bytes) -> core::Status {
    auto row = decode_row(bytes);
    if (!row) return core::fail(row.error());
    sink(std::move(*row));
    return {};
  });
}

core::Result<std::vector<ProcessRow>> Witness::processes() {
  std::vector<ProcessRow> rows;
  const auto read = read_records(*loaded_->walk, sizeof(uncork_process), [&](std::span<const std::byte> bytes) -> core::Status {
    uncork_process process;
    std::memcpy(&process, bytes.data(), sizeof process);
    rows.push_back({static_cast<std::int32_t>(process.pid), static_cast<std::int32_t>(process.host_pid),
                    static_cast<std::int32_t>(process.host_parent),
                    std::string(process.command, strnlen(process.command, sizeof process.command))});
    return {};
  });
  if (!read) return core::fail(read.error());
  return rows;
}

core::Status Witness::want(std::int32_t host_pid) {
  const std::uint8_t yes = 1;
  if (const int err = bpf_map_update_elem(loaded_->maps.wanted.get(), &host_pid, &yes, BPF_ANY); err != 0)
    return core::fail(core::system_error("tell the kernel which processes are wanted", -err));
  return {};
}

core::Result<std::vector<stall::Service>> Witness::services() {
  const std::size_t used = std::min<std::size_t>((*loaded_->variables)->services_used, loaded_->options.services);
  return loaded_->services->read(used, loaded_->namespaces);
}

std::uint64_t Witness::untold() const { return (*loaded_->variables)->counters[UNCORK_COUNT_QUIET]; }

core::Result<std::vector<ConnectionRow>> Witness::poll() {
  std::vector<ConnectionRow> rows;
  std::unordered_map<std::uint64_t, std::size_t> by_cookie;  // a socket may be open in several processes
  auto read = read_pass(*loaded_->pass, [&](ConnectionRow row) {
    const auto [known, fresh] = by_cookie.try_emplace(row.where.cookie, rows.size());
    if (fresh) {
      rows.push_back(std::move(row));
    } else if (row.is_writer && !rows[known->second].is_writer) {
      rows[known->second] = std::move(row);
    }
  });
  if (!read) return core::fail(read.error());
  if (loaded_->orphans) read = read_pass(*loaded_->orphans, [&](ConnectionRow row) { rows.push_back(std::move(row)); });
  if (!read) return core::fail(read.error());
  if (loaded_->ended != nullptr) {
    if (const int err = ring_buffer__consume(loaded_->ended); err < 0) {
      return core::fail(core::system_error("read the ledgers of ended sockets", -err));
    }
    for (ConnectionRow& row : loaded_->ended_rows) rows.push_back(std::move(row));
    loaded_->ended_rows.clear();
  }
  for (ConnectionRow& row : rows) row.where.netns = loaded_->namespaces.name_of(row.where.netns);
  return rows;
}

core::Result<std::size_t> Witness::read_events(core::Micros timeout, const std::function<void(const SocketEvent&)>& sink) {
  loaded_->sink = &sink;
  const int got = ring_buffer__poll(loaded_->records, static_cast<int>(timeout.count() / 1000));
  loaded_->sink = nullptr;
  if (got < 0 && got != -EINTR) return core::fail(core::system_error("read the event stream", -got));
  return static_cast<std::size_t>(std::max(got, 0));
}

WitnessLosses Witness::losses() const {
  WitnessLosses losses;
  const auto& counters = (*loaded_->variables)->counters;
  losses.no_storage = counters[UNCORK_COUNT_NO_STORAGE];
  losses.ring_full = counters[UNCORK_COUNT_RING_FULL];
  losses.ended_lost = counters[UNCORK_COUNT_ENDED_LOST];
  losses.contended = counters[UNCORK_COUNT_CONTENDED];
  losses.no_worker = counters[UNCORK_COUNT_NO_WORKER];
  for (const Hook& hook : kHooks) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    const int fd = loaded_->programs.at(static_cast<std::size_t>(&hook - kHooks)).get();
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) losses.missed += info.recursion_misses;
  }
  return losses;
}

int Witness::ledgers() const { return loaded_->maps.sockets.get(); }

std::vector<ProgramCost> Witness::costs() const {
  std::vector<ProgramCost> costs;
  for (const Hook& hook : kHooks) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    const int fd = loaded_->programs.at(static_cast<std::size_t>(&hook - kHooks)).get();
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) costs.push_back({hook.program, info.run_cnt, info.run_time_ns});
  }
  return costs;
}

std::vector<std::string> Witness::limits() const {
  std::vector<std::string> limits = loaded_->unseen;
  const WitnessLosses lost = losses();
  const auto say = [&](std::uint64_t count, const char* one, const char* many, const char* why) {
    if (count != 0) limits.push_back(core::count_of(count, one, many) + why);
  };
  say(lost.no_storage, "event", "events", " of sockets without room for a ledger (raise net.core.optmem_max)");
  say(lost.ring_full, "streamed event", "streamed events", " dropped: the ring buffer was full");
  say(lost.ended_lost, "ended connection", "ended connections", " whose last ledger was dropped: the ring buffer was full");
  say(lost.no_worker, "connection", "connections",
      " whose process is not among the workers of its service: their table was full");
  say(lost.missed, "event", "events", " missed: the kernel was already running the same program");
  return limits;
}

}  // namespace uncork::probe
