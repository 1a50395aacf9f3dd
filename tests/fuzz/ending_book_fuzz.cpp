// What the kernel tells of the ends of connections: any bytes are taken or refused in a sentence, and there are never more last
// rows than ends. An input is records, each behind its length (two bytes, little-endian); a length of 0 is a moment at which all
// is asked for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "probe/ending_book.hpp"

namespace {

using namespace uncork;

constexpr std::int64_t kRealtime = 1'700'000'000'000'000'000;

class Book {
 public:
  void take(std::span<const std::byte> record) {
    // As the ring buffer has it: aligned.
    std::vector<std::uint64_t> aligned(record.size() / 8 + 1);
    std::memcpy(aligned.data(), record.data(), record.size());
    const auto taken = book_.take(std::as_bytes(std::span(aligned)).first(record.size()));
    if (taken) {
      ++taken_;
      std::memcpy(&cookie_, record.data(), sizeof cookie_);
      UNCORK_ASSERT(record.size() >= sizeof(uncork_ending));
    } else {
      UNCORK_ASSERT(taken.error().code == core::ErrorCode::invalid_argument);
      UNCORK_ASSERT(!taken.error().message.empty() && taken.error().message.size() < 200);
    }
  }

  void ask() {
    const bool had_ended = book_.has_ended(cookie_);
    const auto claimed = taken_ % 2 == 0 ? book_.claim(cookie_) : book_.freed(cookie_);
    UNCORK_ASSERT(claimed || !had_ended);
    std::vector<record::Row> rows;
    book_.collect([](std::uint64_t) { return record::Row{}; }, kRealtime, now_ns_ += 10'000'000'000, rows);
    rows_ += rows.size();
    UNCORK_ASSERT(rows_ <= taken_ && book_.size() <= taken_);
    for (const record::Row& row : rows) UNCORK_ASSERT(row.last_row && row.row_kind != record::RowKind::socket);
  }

 private:
  record::Texts texts_;
  probe::EndingBook book_{texts_, {.tick_ns = 4'000'000, .tcp_info_bytes = 280}};
  std::uint64_t cookie_ = 0;
  std::uint64_t now_ns_ = 0;
  std::size_t taken_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = std::as_bytes(std::span(data, size));
  Book book;
  while (bytes.size() >= 2) {
    const auto low = std::to_integer<std::size_t>(bytes[0]);
    const std::size_t length = low | std::to_integer<std::size_t>(bytes[1]) << 8;
    bytes = bytes.subspan(2);
    if (length == 0) {
      book.ask();
      continue;
    }
    const auto record = bytes.first(std::min(length, bytes.size()));
    book.take(record);
    bytes = bytes.subspan(record.size());
  }
  book.ask();
  return 0;
}
