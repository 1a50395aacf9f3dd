// The writer of rows against libprotobuf and protoc: to the byte.

#include "record/protobuf.hpp"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <vector>

#include "any_row.hpp"
#include "record/envelope.hpp"
#include "some_row.hpp"

namespace uncork::record {
namespace {

std::string written(const Row& row, Varints varints) {
  std::vector<char> room(kMostRowBytes);
  return {room.data(), write_message(row, room.data(), varints)};
}

/// The envelopes that a format makes of rows, one after the other.
std::string envelopes_of(std::string_view format, const std::vector<Row>& rows) {
  std::string bytes;
  EnvelopeBuilder builder(make_format(format).value(), {}, [&](const Envelope& envelope) { bytes += envelope.bytes; });
  for (const Row& row : rows) builder.add(row, core::Time{});
  builder.flush(FlushReason::shutdown);
  return bytes;
}

std::vector<Row> any_rows(Texts& texts, std::size_t most) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Row> rows;
  const auto count = random() % (most + 1);
  for (std::uint64_t i = 0; i < count; ++i) rows.push_back(any_row(texts, random));
  return rows;
}

/// What a program prints that is fed with `input`.
std::string output_of(const std::string& command, const std::string& input) {
  const std::string file = testing::TempDir() + "record_" + std::to_string(::getpid());
  std::ofstream(file, std::ios::binary) << input;
  std::string output;
  FILE* const pipe = ::popen((command + " < " + file).c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  std::remove(file.c_str());
  return output;
}

const std::string kProtoc = std::string(UNCORK_PROTOC) + " -I " UNCORK_ROOT "/src/record --decode=xtcp_flat_record.v1.";

RC_GTEST_PROP(ProtobufWriter, writes_any_row_to_the_byte_as_libprotobuf_does, ()) {
  Texts texts;
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const Row row = any_row(texts, random);
  const std::string expected = message_of(row).SerializeAsString();
  RC_ASSERT(written(row, Varints::plain) == expected);
  if (fastest_varints() == Varints::parallel) RC_ASSERT(written(row, Varints::parallel) == expected);
}

RC_GTEST_PROP(ProtobufWriter, what_libprotobuf_reads_back_is_the_row, ()) {
  Texts texts;
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const Row row = any_row(texts, random);
  xtcp_flat_record::v1::XtcpFlatRecord message;
  RC_ASSERT(message.ParseFromString(written(row, fastest_varints())));
  RC_ASSERT(message.GetReflection()->GetUnknownFields(message).empty());
  RC_ASSERT(message.blocks() == row.blocks.bits());
  RC_ASSERT(message.tcp_info_rtt() == (row.knows(Block::tcp_info) ? row.tcp_info_rtt : 0));
  RC_ASSERT(message.late_send_buffer_us() == (row.knows(Block::ledger) ? row.late_us[7] : 0));
  RC_ASSERT(message.hostname() == row.hostname.view());
  RC_ASSERT(message.inet_diag_msg_socket_source().size() == row.address_size());
}

RC_GTEST_PROP(ProtobufWriter, an_envelope_is_written_as_libprotobuf_does, ()) {
  Texts texts;
  const auto rows = any_rows(texts, 12);
  xtcp_flat_record::v1::Envelope envelope;
  for (const Row& row : rows) *envelope.add_row() = message_of(row);
  std::ostringstream expected;
  if (!rows.empty()) google::protobuf::util::SerializeDelimitedToOstream(envelope, &expected);
  RC_ASSERT(envelopes_of("protobufList", rows) == expected.str());
}

RC_GTEST_PROP(ProtobufWriter, length_prefixed_rows_are_written_as_libprotobuf_does, ()) {
  Texts texts;
  const auto rows = any_rows(texts, 12);
  std::ostringstream expected;
  for (const Row& row : rows) google::protobuf::util::SerializeDelimitedToOstream(message_of(row), &expected);
  RC_ASSERT(envelopes_of("protobufDelimited", rows) == expected.str());
}

TEST(ProtobufWriter, every_length_of_a_row_has_its_length_in_front) {
  Texts texts;
  for (const std::size_t size : {0u, 1u, 120u, 121u, 122u, 123u, 124u, 125u, 126u, 127u, 128u, 129u, 200u, 4000u}) {
    for (const std::size_t texts_of_it : {1u, 2u, 3u, 4u, 5u, 8u}) {
      Row row;
      const Text text = texts.keep(std::string(size, 'x'));
      Text* const places[] = {&row.hostname, &row.location, &row.netns,       &row.label,
                              &row.tag,      &row.command,  &row.cgroup_path, &row.ulp};
      for (std::size_t i = 0; i < texts_of_it; ++i) *places[i] = text;
      xtcp_flat_record::v1::Envelope envelope;
      *envelope.add_row() = message_of(row);
      std::vector<char> room(kMostRowBytes);
      const std::string bytes(room.data(), write_prefixed(row, room.data(), kRowTag, fastest_varints()));
      EXPECT_EQ(bytes, envelope.SerializeAsString()) << size << " times " << texts_of_it;
    }
  }
}

TEST(ProtobufWriter, the_longest_row_fits_into_the_room_it_asks_for) {
  Texts texts;
  const Text longest = texts.keep(std::string(Texts::kLongest, 'x'));
  Row row;
  const auto fill = [&](auto& value) {
    if constexpr (std::is_same_v<decltype(value), Text&>)
      value = longest;
    else if constexpr (std::is_same_v<decltype(value), Blocks&>)
      value = Blocks::of_bits(~std::uint64_t{0});
    else if constexpr (std::is_same_v<decltype(value), bool&>)
      value = true;
    else if constexpr (std::is_same_v<decltype(value), Tail&>)
      value = Tail::of(std::string(100, 'x'));
    else if constexpr (std::is_enum_v<std::remove_reference_t<decltype(value)>>)
      value = {};
    else if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(value)>>)
      value = static_cast<std::remove_reference_t<decltype(value)>>(-1);
  };
#define FIELD(name, number, type, block, unit, source) fill(row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) fill(row.member[index]);
#include "record/fields.inc"
  row.inet_diag_msg_family = 10;
  std::vector<char> room(kMostRowBytes);
  for (const Varints varints : {Varints::plain, fastest_varints()}) {
    const std::string bytes(room.data(), write_prefixed(row, room.data(), '\0', varints));
    std::ostringstream expected;
    google::protobuf::util::SerializeDelimitedToOstream(message_of(row), &expected);
    EXPECT_EQ(bytes, expected.str());
    EXPECT_LE(bytes.size() + 32, kMostRowBytes);
  }
}

TEST(ProtobufWriter, protoc_decodes_what_it_writes) {
  Texts texts;
  Random random(1);
  std::vector<Row> rows = {some_row(texts, 0), some_row(texts, 1)};
  for (int i = 0; i < 50; ++i) rows.push_back(any_row(texts, random));
  const std::string framed = envelopes_of("protobufList", rows);
  std::size_t length_bytes = 1;
  while ((static_cast<unsigned char>(framed[length_bytes - 1]) & 0x80) != 0) ++length_bytes;
  EXPECT_EQ(output_of(kProtoc + "Envelope xtcp_flat_record.proto", framed.substr(length_bytes)), envelopes_of("protoText", rows));
}

}  // namespace
}  // namespace uncork::record
