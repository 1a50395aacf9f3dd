#pragma once
// How connections end and which never came to be, seen by BPF in all network namespaces as it happens.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "probe/ending_book.hpp"

namespace uncork::probe {

/// Holds the programs attached; destroying it detaches them. A connection pays when it ends, and when it is begun here; nothing
/// in between. One thread. Needs CAP_BPF, CAP_PERFMON, the kernel's BTF, and Linux 6.2 (bpf_rdonly_cast); resets that are sent
/// show from 6.10 on.
class SocketEndings {
 public:
  /// `texts` keeps the rows' texts and must outlive them and this.
  [[nodiscard]] static core::Result<std::unique_ptr<SocketEndings>> attach(record::Texts& texts);
  ~SocketEndings();
  SocketEndings(const SocketEndings&) = delete;
  SocketEndings& operator=(const SocketEndings&) = delete;

  /// Takes in what the kernel has told meanwhile. Call at least as often as 16 MiB fill (28,000 sockets that end), before
  /// ending_of() and collect().
  [[nodiscard]] core::Status consume();
  /// As in EndingBook.
  [[nodiscard]] std::optional<Ending> ending_of(std::uint64_t cookie);
  /// As in EndingBook, now.
  void collect(const EndingBook::BaseOf& base_of, std::vector<record::Row>& into);
  [[nodiscard]] EndingBook& book();

  /// Events that found the ring full.
  [[nodiscard]] std::uint64_t lost() const;
  /// What it cannot see or has lost, one sentence each; empty: nothing.
  [[nodiscard]] std::vector<std::string> limits() const;

 private:
  struct Loaded;
  explicit SocketEndings(std::unique_ptr<Loaded> loaded);
  core::Status load_and_attach();

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace uncork::probe
