// Rows found in bytes.

#include "sink/verify/row_scanner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "record/envelope.hpp"
#include "record/format.hpp"
#include "record/texts.hpp"

namespace uncork::sink {
namespace {

struct Stream {
  std::string bytes;
  std::vector<std::size_t> ends;  // of the envelopes
};

/// Three envelopes of two rows, as the formats write them.
Stream stream_of(const std::string& format) {
  Stream stream;
  record::EnvelopeBuilder builder(*record::make_format(format), {.rows = 2}, [&](const record::Envelope& envelope) {
    stream.bytes += envelope.bytes;
    stream.ends.push_back(stream.bytes.size());
  });
  record::Texts texts;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    record::Row row;
    row.boot_id = texts.keep("6a58b1f5");
    row.sequence = 7;
    row.row_number = i;
    row.timestamp_ns = static_cast<std::int64_t>(1000 + i);
    builder.add(row, core::Time{});
  }
  return stream;
}

using Mark = std::tuple<std::string, std::uint64_t, std::uint64_t, std::int64_t>;

std::vector<Mark> marks_of(std::string_view bytes, std::size_t piece, RowScanner::Tail* tail = nullptr) {
  std::vector<Mark> marks;
  RowScanner scanner([&](const RowMark& mark) {
    marks.emplace_back(std::string(mark.boot_id), mark.sequence, mark.row_number, mark.timestamp_ns);
  });
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    EXPECT_TRUE(scanner.feed(bytes.substr(0, piece)));
  }
  if (tail != nullptr) *tail = scanner.tail().value_or(RowScanner::Tail{});
  return marks;
}

TEST(RowScanner, finds_every_row_of_both_formats_in_pieces_of_any_size) {
  for (const char* format : {"jsonl", "protobufList"}) {
    const Stream stream = stream_of(format);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}, stream.bytes.size()}) {
      const std::vector<Mark> marks = marks_of(stream.bytes, piece);
      ASSERT_EQ(marks.size(), 6U) << format << " " << piece;
      EXPECT_EQ(marks[4], Mark("6a58b1f5", 7, 5, 1005)) << format << " " << piece;
    }
  }
}

TEST(RowScanner, tells_a_cut_tail_at_any_byte) {
  const Stream stream = stream_of("protobufList");
  for (std::size_t size = 1; size <= stream.bytes.size(); ++size) {
    RowScanner::Tail tail;
    const std::size_t rows = marks_of(std::string_view(stream.bytes).substr(0, size), 50, &tail).size();
    std::size_t whole = 0;
    for (const std::size_t end : stream.ends) whole = end <= size ? end : whole;
    EXPECT_EQ(tail.bytes, size - whole) << size;
    EXPECT_EQ(rows, 2U * static_cast<std::size_t>(std::ranges::count_if(stream.ends, [&](auto end) { return end <= size; })));
  }
}

TEST(RowScanner, names_the_byte_of_what_is_no_row) {
  const std::vector<std::pair<std::string, std::string>> kWrong = {
      {"boot_id,sequence\n", "byte 0: the rows are neither jsonl nor protobufList"},
      {"{\"sequence\":1}\nnonsense\n", "byte 15: this line is not a row in JSON"},
      {"{\"sequence\":1}\n[1]\n", "byte 15: this line is not a row in JSON"},
      {std::string("\x06\x52\x04\xff\xff\xff\xff", 7), "byte 0: a row of the envelope that begins here is damaged"},
  };
  for (const auto& [bytes, why] : kWrong) {
    RowScanner scanner([](const RowMark&) {});
    const auto fed = scanner.feed(bytes);
    ASSERT_FALSE(fed) << bytes;
    EXPECT_EQ(fed.error().message, why);
  }
}

TEST(RowScanner, members_of_other_objects_are_not_the_rows_own) {
  const std::string line = R"({"a":{"sequence":9},"sequence":3,"b":[{"sequence":9}],"bootId":"x"})"
                           "\n";
  EXPECT_EQ(marks_of(line, 1), (std::vector<Mark>{Mark("x", 3, 0, 0)}));
}

}  // namespace
}  // namespace uncork::sink
