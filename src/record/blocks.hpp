#pragma once
// What of a row is known.

#include <cstddef>
#include <cstdint>

namespace uncork::record {

/// Fields come in blocks that are known together; which, a row's `blocks` says. What is not known is null in JSON, `-` in
/// tables, absent in protobuf: never a false 0. (A text needs no block: it is unknown when empty.) The numbers are published in
/// the field `blocks`: new ones go to the end.
enum class Block : std::uint8_t {
  always,         ///< not a bit: the identity of the row, known in every row
  netns,          ///< netns_inode
  nsid,           ///< nsid
  netlink,        ///< record_counter, socket_fd, netlinker_id
  uplink1,        ///< the numbers of the first uplink's NIC
  uplink2,        ///< and of the second's
  cookie,         ///< the socket's cookie
  interface,      ///< the interface it is bound to (0: none)
  timer,          ///< timer, retrans, expires of inet_diag_msg
  queues,         ///< rqueue, wqueue
  owner,          ///< uid, inode
  asn,            ///< the two AS numbers
  mem_info,       ///< INET_DIAG_MEMINFO
  tcp_info,       ///< tcp_info as of 2.6, up to total_retrans
  tcp_info_3_15,  ///< pacing rates
  tcp_info_4_1,   ///< bytes acked and received
  tcp_info_4_2,   ///< segments
  tcp_info_4_6,   ///< not_sent_bytes, min_rtt, data segments
  tcp_info_4_9,   ///< delivery rate
  tcp_info_4_10,  ///< busy and limited times
  tcp_info_4_18,  ///< delivered
  tcp_info_4_19,  ///< bytes sent and retransmitted, DSACKs, reorderings seen
  tcp_info_5_4,   ///< rcv_ooopack, snd_wnd
  tcp_info_6_2,   ///< rcv_wnd, rehash
  tcp_info_6_7,   ///< RTO totals
  tcp_info_6_18,  ///< AccECN counters
  accecn,         ///< accecn_fail_mode and accecn_opt_seen: where they lie depends on the kernel's version
  ecn_mode,       ///< ecn_mode, from 7.0 on
  congestion,     ///< the algorithm as an enum
  tos,            ///< type_of_service
  traffic_class,  ///< traffic_class
  sk_mem_info,    ///< INET_DIAG_SKMEMINFO
  shutdown,       ///< shutdown_state
  vegas_info,     ///< INET_DIAG_VEGASINFO of vegas
  dctcp_info,     ///< of dctcp
  bbr_info,       ///< of bbr
  class_id,       ///< class_id
  sock_opt,       ///< INET_DIAG_SOCKOPT
  c_group,        ///< the cgroup's id
  options,        ///< TCP_NODELAY and TCP_CORK
  v6only,         ///< IPV6_V6ONLY
  mark,           ///< SO_MARK
  attributes,     ///< what the decoder did not know: unknown attributes, tcp_info's length and tail
  process,        ///< pid, fd
  ledger,         ///< the stall ledger: lost and late, holds, writes
  exchanges,      ///< exchanges and their quantiles
  close,          ///< close_reason
  reset,          ///< reset_reason
  kBlocks,        // NOLINT(readability-identifier-naming)
};

/// A set of blocks. A value.
class Blocks {
 public:
  constexpr Blocks() = default;
  constexpr Blocks(Block block) : bits_(bit(block)) {}  // NOLINT(*-explicit-*): one block is a set
  static constexpr Blocks of_bits(std::uint64_t bits) {
    Blocks blocks;
    blocks.bits_ = bits & ((std::uint64_t{1} << static_cast<unsigned>(Block::kBlocks)) - 2);
    return blocks;
  }

  [[nodiscard]] constexpr bool has(Block block) const { return block == Block::always || (bits_ & bit(block)) != 0; }
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  constexpr Blocks& operator|=(Blocks other) {
    bits_ |= other.bits_;
    return *this;
  }
  constexpr Blocks without(Blocks other) const { return of_bits(bits_ & ~other.bits_); }
  friend constexpr Blocks operator|(Blocks a, Blocks b) { return of_bits(a.bits_ | b.bits_); }
  friend constexpr Blocks operator|(Block a, Block b) { return Blocks{a} | Blocks{b}; }
  friend constexpr bool operator==(Blocks, Blocks) = default;

 private:
  static constexpr std::uint64_t bit(Block block) {
    return block == Block::always ? 0 : std::uint64_t{1} << static_cast<unsigned>(block);
  }
  std::uint64_t bits_ = 0;
};

/// The tcp_info blocks that `length` bytes of struct tcp_info reach (include/uapi/linux/tcp.h has only ever grown).
constexpr Blocks tcp_info_blocks(std::size_t length) {
  struct Reach {
    std::size_t length;
    Block block;
  };
  constexpr Reach kReaches[] = {{104, Block::tcp_info},      {120, Block::tcp_info_3_15}, {136, Block::tcp_info_4_1},
                                {144, Block::tcp_info_4_2},  {160, Block::tcp_info_4_6},  {168, Block::tcp_info_4_9},
                                {192, Block::tcp_info_4_10}, {200, Block::tcp_info_4_18}, {224, Block::tcp_info_4_19},
                                {232, Block::tcp_info_5_4},  {240, Block::tcp_info_6_2},  {248, Block::tcp_info_6_7},
                                {276, Block::tcp_info_6_18}};
  Blocks blocks;
  for (const Reach& reach : kReaches) {
    if (length >= reach.length) blocks |= reach.block;
  }
  return blocks;
}

}  // namespace uncork::record
