#pragma once
// The kernel as witness: loads and attaches the BPF programs, reads their ledgers.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "probe/record_decoder.hpp"
#include "probe/source.hpp"

struct bpf_link;

namespace uncork::probe {

/// Which sockets have whole accounts, from their first byte; the others' begin when something is held on them for the first time
/// (light): exchanges before that are not counted, and cost no more than a look at the socket.
struct WholeAccounts {
  bool all = true;
  std::uint16_t port = 0;   ///< at either end; 0 (here and below): none
  std::uint32_t netns = 0;  ///< inode
  std::int32_t pid = 0;     ///< what this process sends and reads
};

/// Nothing but these sockets has an account at all: the kernel looks at the others' events and leaves them.
struct OnlyThese {
  std::uint16_t port = 0;  ///< at either end; 0 (and below): any
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::uint32_t netns = 0;  ///< inode
  bool processes = false;   ///< those that want() names
  bool children = false;    ///< and what these start from then on
  int cgroup = -1;          ///< processes in this control group (version 2; its open directory, until attach() returns) and below
  std::array<std::uint8_t, 16> remote{};  ///< of the other end, IPv4 as ::ffff:a.b.c.d
  std::uint8_t remote_bits = 0;           ///< so many of its leading bits must be the same
  stall::Role role = stall::Role::unknown;
};

/// What poll() brings besides the sums by service, which are always kept.
struct TellConnections {
  bool open = true;
  bool ended = true;
  bool quiet = true;  ///< ended ones that lost nothing too; else they are counted
};

/// A process of the machine.
struct ProcessRow {
  std::int32_t pid = 0;  ///< in our pid namespace; 0: it is not in there
  std::int32_t host_pid = 0;
  std::int32_t host_parent = 0;
  std::string command;
};

struct WitnessOptions {
  WholeAccounts whole{};
  OnlyThese only{};
  TellConnections tell{};
  stall::Threshold threshold{};  ///< what of one connection matters to the sums of its service
  /// Rows for so many; what finds none goes to `others`. 0: no sums are kept, and nothing is told of what ended.
  std::size_t services = 1024;
  bool stream = false;                  ///< also stream every event through a ring buffer
  std::size_t stream_bytes = 16 << 20;  ///< its size; a power of two
  /// Of the ring buffer in which the last ledgers of sockets wait for poll(); a power of two, 4096 or more. It is in this
  /// process's memory twice.
  std::size_t ended_bytes = 16 << 20;
};

/// What the witness could not do, counted in the kernel since it was attached.
struct WitnessLosses {
  std::uint64_t no_storage = 0;  ///< events of sockets that had no room for a ledger (net.core.optmem_max, memory)
  std::uint64_t ring_full = 0;   ///< streamed records dropped
  std::uint64_t ended_lost = 0;  ///< ended sockets whose last ledger was dropped
  std::uint64_t contended = 0;   ///< events that met another event of the same socket
  std::uint64_t no_worker = 0;   ///< connections whose process is not among the workers
  std::uint64_t missed = 0;      ///< events the kernel did not run a program for (it was running it already)
};

/// Run time of one attached program from the kernel's own statistics (kernel.bpf_stats_enabled).
struct ProgramCost {
  std::string name;
  std::uint64_t runs = 0;
  std::uint64_t nanoseconds = 0;
};

/// Holds the programs attached; destroying it detaches them and frees every ledger. One thread. Needs CAP_BPF, CAP_PERFMON and
/// the kernel's BTF; attach() says which is missing. Linux 6.3 or newer (sock_send_length; bpf_rdonly_cast came in 6.2).
class Witness : public Source {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<Witness>> attach(const WitnessOptions& options = {});
  ~Witness() override;

  [[nodiscard]] core::Result<std::vector<ConnectionRow>> poll() override;
  [[nodiscard]] core::Result<std::vector<stall::Service>> services() override;
  /// By tell.quiet; a connection within the machine counts once.
  [[nodiscard]] std::uint64_t untold() const override;
  [[nodiscard]] stall::Confidence confidence() const override { return stall::Confidence::witnessed; }
  [[nodiscard]] std::vector<std::string> limits() const override;

  /// Hands over every streamed event that waits (options.stream), waiting up to `timeout` for the first.
  [[nodiscard]] core::Result<std::size_t> read_events(core::Micros timeout, const std::function<void(const SocketEvent&)>& sink);

  /// Every process of the machine that our pid namespace shows: at most all.
  [[nodiscard]] core::Result<std::vector<ProcessRow>> processes();
  /// Adds a process, by its number on the host, to those that `only.processes` means.
  [[nodiscard]] core::Status want(std::int32_t host_pid);

  [[nodiscard]] WitnessLosses losses() const;
  [[nodiscard]] std::vector<ProgramCost> costs() const;
  /// The map of the ledgers (storage of sockets), for a pass that reads them along; it stays the witness's.
  [[nodiscard]] int ledgers() const;

 private:
  struct Loaded;
  explicit Witness(std::unique_ptr<Loaded> loaded);
  core::Status load_and_attach();
  core::Status keep_maps();
  void set_choice();
  core::Status choose_cgroup();
  core::Status follow_families();
  core::Status read_records(const bpf_link& over, std::size_t size,
                            const std::function<core::Status(std::span<const std::byte>)>& sink);
  core::Status read_pass(const bpf_link& over, const std::function<void(ConnectionRow)>& sink);

  std::unique_ptr<Loaded> loaded_;
};

/// Which of the kernel's tracepoints the witness wants are missing; one sentence each, with what goes unseen.
[[nodiscard]] core::Result<std::vector<std::string>> missing_tracepoints();

}  // namespace uncork::probe
