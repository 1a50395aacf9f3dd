#pragma once
// What of a row is known.

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace uncork::record {

/// Fields come in blocks that are known together (blocks.inc lists them); which, a row's `blocks` says. What is not known is null
/// in JSON, `-` in tables, absent in protobuf: never a false 0. A text needs no block: it is unknown when empty.
enum class Block : std::uint8_t {
#define BLOCK(name, what) name,
#include "record/blocks.inc"
};
inline constexpr Block kEveryBlock[] = {
#define BLOCK(name, what) Block::name,  // NOLINT(bugprone-macro-parentheses): a name of an enumerator
#include "record/blocks.inc"
};
inline constexpr unsigned kBlocks = std::size(kEveryBlock);
static_assert(kBlocks <= 64);

/// A set of blocks. A value.
class Blocks {
 public:
  constexpr Blocks() = default;
  constexpr Blocks(Block block) : bits_(bit(block)) {}  // NOLINT(*-explicit-*): one block is a set
  static constexpr Blocks of_bits(std::uint64_t bits) {
    Blocks blocks;
    blocks.bits_ = bits & kAll;
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
  friend constexpr bool operator==(Blocks, Blocks) = default;

 private:
  static constexpr std::uint64_t kAll = (kBlocks == 64 ? 0 : std::uint64_t{1} << kBlocks) - 2;
  static constexpr std::uint64_t bit(Block block) {
    return block == Block::always ? 0 : std::uint64_t{1} << static_cast<unsigned>(block);
  }
  std::uint64_t bits_ = 0;
};

constexpr Blocks operator|(Block a, Block b) { return Blocks{a} | Blocks{b}; }

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
