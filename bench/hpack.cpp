// What the fields of a request cost: decoding into fields, and judging them. The same by libnghttp2's inflater, which judges
// nothing, its fields put into the same store. Nanoseconds in turn, and user instructions by callgrind (two runs of different
// lengths; the difference is free of what starting costs).
//   ./dev bench hpack [ROUNDS]
//   hpack_bench run ours|decode|nghttp2|nobody h2load|indexed|literal BLOCKS      what callgrind is given

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "bench/callgrind.hpp"
#include "bench/http2_requests.hpp"
#include "http2/hpack/decoder.hpp"
#include "http2/hpack/encoder.hpp"
#include "http2/message_rules.hpp"
#include "lab/coalesce/coalesce_judge.hpp"

namespace {

using namespace uncork::http2;
using uncork::bench::Paths;
using uncork::lab::median;
using Block = std::vector<std::byte>;

class Decode {
 public:
  void take(const Block& block) {
    message_.clear();
    done_ = decoder_.decode(block, kLimits, message_);
    if (done_.error != errc::no_error || done_.too_large || !done_.well_formed) std::abort();
  }

 protected:
  static constexpr field_limits kLimits{};
  HpackDecoder decoder_;
  DecodedBlock done_;
  fields message_;
};

class Ours : Decode {
 public:
  void take(const Block& block) {
    Decode::take(block);
    std::string_view why;
    if (!judge_request(message_, ExtendedConnect::refused, why)) std::abort();
  }
};

class Nghttp2 {
 public:
  Nghttp2() { nghttp2_hd_inflate_new(&inflater_); }
  Nghttp2(const Nghttp2&) = delete;
  Nghttp2& operator=(const Nghttp2&) = delete;
  ~Nghttp2() { nghttp2_hd_inflate_del(inflater_); }

  void take(const Block& block) {
    message_.clear();
    const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    const auto* const end = at + block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv nv{};
      flags = 0;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, at, static_cast<std::size_t>(end - at), 1);
      if (taken < 0) std::abort();
      at += taken;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      message_.append(known_field::other, {reinterpret_cast<const char*>(nv.name), nv.namelen},
                      {reinterpret_cast<const char*>(nv.value), nv.valuelen});
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
  fields message_;
};

class Nobody {
 public:
  void take(const Block& block) {
    if (block.empty()) std::abort();
  }
};

std::vector<Block> blocks_of(Paths paths, int count) {
  HpackEncoder encoder;
  std::vector<Block> blocks(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) encoder.encode(uncork::bench::request(paths, i), blocks[static_cast<std::size_t>(i)]);
  return blocks;
}

/// Nanoseconds a block.
template <typename Taker>
double take(const std::vector<Block>& blocks) {
  Taker taker;
  const auto begun = std::chrono::steady_clock::now();
  for (const Block& block : blocks) taker.take(block);
  const auto took = std::chrono::steady_clock::now() - begun;
  return std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(blocks.size());
}

int run_once(std::string_view whose, std::string_view paths, int count) {
  const auto blocks = blocks_of(paths == "literal" ? Paths::literal : paths == "indexed" ? Paths::indexed : Paths::h2load, count);
  if (whose == "ours") take<Ours>(blocks);
  if (whose == "decode") take<Decode>(blocks);
  if (whose == "nghttp2") take<Nghttp2>(blocks);
  if (whose == "nobody") take<Nobody>(blocks);
  return 0;
}

double instructions_a_block(const char* program, std::string_view whose, std::string_view paths) {
  constexpr int kShort = 2'000;
  constexpr int kLong = 12'000;
  const auto of = [&](int blocks) {
    return uncork::bench::instructions(fmt::format("{} run {} {} {}", program, whose, paths, blocks));
  };
  return (of(kLong) - of(kShort)) / (kLong - kShort);
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 5 && std::string_view(arguments[1]) == "run") return run_once(arguments[2], arguments[3], std::atoi(arguments[4]));
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 9;
  fmt::print("{:<8} {:<8} {:>24} {:>14}\n", "request", "", "ns a block (min, max)", "instructions");
  for (const auto& [paths, name] :
       {std::pair{Paths::h2load, "h2load"}, std::pair{Paths::indexed, "indexed"}, std::pair{Paths::literal, "literal"}}) {
    const auto blocks = blocks_of(paths, 50'000);
    std::vector<double> ours;
    std::vector<double> decode;
    std::vector<double> theirs;
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(take<Ours>(blocks));
      decode.push_back(take<Decode>(blocks));
      theirs.push_back(take<Nghttp2>(blocks));
    }
    const double making = instructions_a_block(arguments[0], "nobody", name);
    for (const auto& [whose, times] : {std::pair{"ours", &ours}, std::pair{"decode", &decode}, std::pair{"nghttp2", &theirs}}) {
      const auto [least, most] = std::ranges::minmax(*times);
      fmt::print("{:<8} {:<8} {:>10.0f} ({:.0f}, {:.0f}) {:>14.0f}\n", name, whose, median(*times), least, most,
                 instructions_a_block(arguments[0], whose, name) - making);
    }
  }
  return 0;
}
