#pragma once
// Which of a socket's attributes are asked of the kernel and kept, by the names that people select them with.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::probe {

/// What inet_diag tells of a TCP socket beside its addresses, state, queues, owner and cookie.
enum class Attribute : std::uint8_t {
  info,     ///< tcp_info: 0.24 us a socket (measured), the most useful
  cong,     ///< the name of the congestion control
  meminfo,  ///< four of skmem's nine numbers; older kernels have nothing else
  skmem,
  vegas,  ///< this and the next two come only from sockets of that congestion control
  dctcp,
  bbr,
  tos,
  tc,  ///< the IPv6 traffic class; brings classid with it
  shut,
  classid,
  cgroup,
  sockopt,  ///< the bits of inet_diag_sockopt
  mark,     ///< needs CAP_NET_ADMIN, as does ulp
  ulp,      ///< kernel TLS and MPTCP
  v6only,
};

/// A set of them. A value.
class Attributes {
 public:
  constexpr Attributes() = default;
  constexpr Attributes(std::initializer_list<Attribute> these) {
    for (const Attribute attribute : these) bits_ |= bit(attribute);
  }
  [[nodiscard]] static constexpr Attributes all() { return Attributes((1U << kCount) - 1); }
  /// What costs little beside what it tells: all but meminfo, which skmem holds, and tos, tc and classid.
  [[nodiscard]] static constexpr Attributes usual() {
    return Attributes(all().bits_ & ~Attributes{Attribute::meminfo, Attribute::tos, Attribute::tc, Attribute::classid}.bits_);
  }

  [[nodiscard]] constexpr bool has(Attribute attribute) const { return (bits_ & bit(attribute)) != 0; }
  constexpr void add(Attribute attribute) { bits_ |= bit(attribute); }
  /// The request's idiag_ext: the least bits that make the kernel send all of these.
  [[nodiscard]] std::uint8_t request_bits() const;

  constexpr bool operator==(const Attributes&) const = default;

 private:
  static constexpr unsigned kCount = 16;
  explicit constexpr Attributes(unsigned bits) : bits_(bits) {}
  static constexpr unsigned bit(Attribute attribute) { return 1U << static_cast<unsigned>(attribute); }

  unsigned bits_ = 0;
};

/// Reads `info,cong,skmem`, `all`, `usual` or `none`. invalid_argument names the word that is none and those that there are.
[[nodiscard]] core::Result<Attributes> parse_attributes(std::string_view text);

/// The names in the set, separated by commas; `none` for the empty set.
[[nodiscard]] std::string to_string(Attributes attributes);

}  // namespace uncork::probe
