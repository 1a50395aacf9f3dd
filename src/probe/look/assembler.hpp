#pragma once
// Makes looks of what the kernel says: of a live one and of a recorded one alike.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "probe/cookie_map.hpp"
#include "probe/diag/attributes.hpp"
#include "probe/diag/dump.hpp"
#include "probe/diag/row_decoder.hpp"
#include "probe/ending_book.hpp"
#include "probe/enrich/container_id.hpp"
#include "probe/full_listeners.hpp"
#include "probe/look/history.hpp"
#include "probe/look/look.hpp"
#include "probe/look/request_history.hpp"

namespace uncork::probe {

/// Which namespace a row is of. A value.
struct SpaceIdentity {
  std::uint64_t inode = 0;  ///< 0: not known (a capture that does not tell)
  std::string name{};
  Container container{};
  std::optional<std::uint32_t> nsid{};
  std::optional<std::uint64_t> cookie{};
};

/// Fed with the datagrams of each look, it decodes them, drops what was listed twice, makes the last rows of sockets that ended,
/// and keeps account of what was missed. Sans-I/O; any datagrams. Calls come in the order begin, (begin_space, feed…,
/// end_space)…, end; closed() at any time between two ends. Not thread-safe.
class LookAssembler {
 public:
  struct Options {
    Attributes attributes = Attributes::usual();
    StateSet states = kAllStates;
    bool close_events = false;
  };

  /// `texts` keeps what the rows name.
  LookAssembler(const Options& options, KernelVersion kernel, record::Texts& texts);
  void set_kernel(KernelVersion kernel);
  /// Who knows how connections end; null: only the close events do. Must outlive this.
  void set_book(EndingBook* book) { book_ = book; }

  /// Who knows whether a process has the socket of this inode open; empty: nobody.
  void set_is_held(SocketHistory::IsHeld is_held) { is_held_ = std::move(is_held); }

  /// `base`: what all rows of this look share. `into` is written to until end().
  void begin(Look& into, const record::Row& base);
  /// The look has the rows of a pass over all namespaces by now; dumps then add what they alone see.
  void take_pass();
  [[nodiscard]] std::uint64_t pass_rows_of(std::uint64_t inode) const;

  void begin_space(const SpaceIdentity& space);
  /// One that could not be listed: the pass's rows of it are all.
  void pass_over(std::uint64_t inode);
  /// Says in a row which namespace it is of.
  void name(record::Row& row, const SpaceIdentity& space);
  /// One datagram of the answer to request `sequence`.
  [[nodiscard]] core::Result<Reply> feed(std::span<const std::byte> datagram, std::uint32_t sequence);
  /// Rows of this namespace so far, without request sockets: what the kernel counts.
  [[nodiscard]] std::uint64_t space_rows() const { return space_.rows - space_.requests; }
  /// It will be listed once more. Rows that the first list had stay.
  void again() { listed_.clear(); }
  /// `least`: fewer rows than this are too few; absent: nobody counted. `trouble`: why the list ended early, if it did.
  void end_space(std::optional<std::uint64_t> least, std::string trouble);

  /// A datagram of the close events' groups, of sockets in `space`; `base` is what its rows share.
  core::Status closed(std::span<const std::byte> datagram, const SpaceIdentity& space, const record::Row& base);
  void lost_close_events() { ++losses_; }
  /// So many events for the book.
  void lost_endings(std::uint64_t events) { lost_endings_ += events; }
  /// A namespace that is not looked at any more, and whose close events are not heard: what the look before saw in it has its
  /// last row from that look, unless the pass still sees it.
  void left(std::uint64_t inode) { left_.insert(inode, 0); }
  /// A row of the pass that is not given.
  void hide(std::uint64_t cookie) { hidden_.insert(cookie, 0); }

  /// What was known of a socket until now, for its last row; `base` if nothing was.
  [[nodiscard]] record::Row begin_last_row(std::uint64_t cookie, const record::Row& base) const;
  /// A last row that the book made; it may be given between two looks.
  void take_last_row(const record::Row& row);

  void end();

  /// After end(), where names come and go: frees the texts that are held neither here nor by the rows of `look`, which has just
  /// ended, nor by those of the look before. Before it, whoever keeps others tells the keeper.
  void sweep_texts(const Look& look);

 private:
  /// Whether the row just read, the last of the look's, is to stay.
  [[nodiscard]] bool accept(SocketKind kind, const record::Row& row);
  void add_last_row(const NetlinkMessage& message, const record::Row& named);
  [[nodiscard]] const record::Row* row_before(std::uint64_t cookie) const;
  [[nodiscard]] CookieMap full_sockets() const;
  void end_what_is_gone();
  void end_what_was_left();
  void end_at_last(record::Row row);
  void tell_never_connected();

  Options options_;
  record::Texts& texts_;
  RowDecoder decoder_;
  EndingBook* book_ = nullptr;
  SocketHistory::IsHeld is_held_;

  Look* look_ = nullptr;  // between begin and end
  record::Row base_;      // of the look
  record::Row blank_;     // of the namespace
  NamespaceCoverage space_;
  bool interrupted_ = false;
  bool is_listed_ = false;  // this namespace, in this look
  std::vector<std::uint64_t> listed_spaces_;
  CookieMap now_;     // rows of this look, by their place in it
  CookieMap listed_;  // of this list
  CookieMap passed_;  // how many of each namespace the pass saw
  CookieMap left_;    // inodes
  CookieMap hidden_;
  SocketHistory history_;
  RequestHistory requests_;
  ListenerDrops drops_;

  std::vector<record::Row> ended_rows_;  // since the last look
  std::uint64_t closes_ = 0;
  std::uint64_t nameless_ = 0;
  std::uint64_t losses_ = 0;
  std::uint64_t lost_endings_ = 0;
  bool must_resynchronise_ = false;  // events were lost, and no list was whole since
};

}  // namespace uncork::probe
