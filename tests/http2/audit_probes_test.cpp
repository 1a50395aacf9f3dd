// What the probes of the audit send, read back as frames.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "http2/audit/audit.hpp"
#include "http2/audit/writing.hpp"
#include "http2/hpack/decoder.hpp"
#include "http2/hpack/huffman.hpp"
#include "http2/session/preface.hpp"

namespace uncork::http2::audit {
namespace {

using ::testing::ElementsAre;

struct Frame {
  FrameHeader header;
  byte_vector payload;
};

std::vector<Frame> frames_of(byte_span bytes) {
  std::vector<Frame> frames;
  while (bytes.size() >= kFrameHeaderBytes) {
    const FrameHeader header = read_frame_header(bytes);
    const byte_span payload = bytes.subspan(kFrameHeaderBytes).first(header.length);
    frames.push_back({header, byte_vector(payload.begin(), payload.end())});
    bytes = bytes.subspan(kFrameHeaderBytes + header.length);
  }
  EXPECT_TRUE(bytes.empty()) << "the last frame is not whole";
  return frames;
}

std::vector<unsigned> types_of(const std::vector<Frame>& frames) {
  std::vector<unsigned> types;
  for (const Frame& one : frames) types.push_back(one.header.type);
  return types;
}

const Probe& probe_named(std::string_view name) {
  for (const Probe* probe : all_probes()) {
    if (probe->name == name) return *probe;
  }
  ADD_FAILURE() << name;
  std::abort();
}

Subject subject() {
  Subject made;
  made.authority = "127.0.0.1:8080";
  return made;
}

byte_vector unit(std::string_view name, std::uint32_t i, const Subject& of = subject()) {
  byte_vector bytes;
  probe_named(name).unit(of, i, bytes);
  return bytes;
}

/// The fields of the blocks of all frames, one message after the other.
std::vector<fields> messages_of(const std::vector<Frame>& frames, std::uint32_t table_bytes = 4096) {
  HpackDecoder decoder(table_bytes);
  constexpr field_limits kAll{.most_fields = 1U << 20U, .most_bytes = 1U << 30U};
  std::vector<fields> messages;
  byte_vector block;
  for (const Frame& one : frames) {
    block.insert(block.end(), one.payload.begin(), one.payload.end());
    if (!one.header.has(frame_flag::kEndHeaders)) continue;
    const DecodedBlock decoded = decoder.decode(block, kAll, messages.emplace_back());
    EXPECT_EQ(decoded.error, errc::no_error);
    EXPECT_TRUE(decoded.well_formed);
    block.clear();
  }
  return messages;
}

TEST(AuditProbes, have_names_of_their_own_and_say_what_they_are) {
  std::set<std::string_view> names;
  for (const Probe* probe : all_probes()) {
    EXPECT_TRUE(names.insert(probe->name).second) << probe->name;
    EXPECT_FALSE(probe->what.empty()) << probe->name;
  }
  EXPECT_EQ(names.size(), 25);
}

TEST(AuditProbes, begin_as_a_client_does_unless_that_is_what_they_try) {
  for (const Probe* probe : all_probes()) {
    byte_vector opening;
    put_opening(*probe, opening);
    if (!probe->sends_preface) {
      EXPECT_TRUE(opening.empty());
      continue;
    }
    const std::string_view begin(reinterpret_cast<const char*>(opening.data()), kPreface.size());
    EXPECT_EQ(begin, kPreface);
    const auto frames = frames_of(byte_span(opening).subspan(kPreface.size()));
    ASSERT_THAT(types_of(frames), ElementsAre(4, 8));
    EXPECT_EQ(read_setting(byte_span(frames[0].payload).subspan(kSettingBytes)).value, probe->initial_window) << probe->name;
  }
}

TEST(AuditProbes, ask_with_a_request_that_is_right) {
  Subject of = subject();
  of.path = "/big";
  of.is_tls = true;
  byte_vector bytes;
  put_request(of, Method::get, 5, bytes);
  const auto frames = frames_of(bytes);
  ASSERT_EQ(frames.size(), 1);
  EXPECT_EQ(frames[0].header.stream, 5);
  EXPECT_TRUE(frames[0].header.has(frame_flag::kEndStream));
  fields expected;
  expected.add(":method", "GET");
  expected.add(":scheme", "https");
  expected.add(":path", "/big");
  expected.add(":authority", "127.0.0.1:8080");
  EXPECT_EQ(messages_of(frames).at(0), expected);
}

TEST(AuditProbes, flood_with_the_frames_that_they_are_named_after) {
  const std::vector<std::pair<std::string_view, std::vector<unsigned>>> kTypes = {{"rapid-reset", {1, 3}},
                                                                                  {"rapid-reset-end", {1, 3}},
                                                                                  {"settings", {4}},
                                                                                  {"ping", {6}},
                                                                                  {"empty-continuation", {9}},
                                                                                  {"long-continuation", {9}},
                                                                                  {"huffman-continuation", {9}},
                                                                                  {"empty-data", {0}},
                                                                                  {"priority", {2}},
                                                                                  {"window-update", {8}},
                                                                                  {"made-reset-increment", {1, 8}},
                                                                                  {"made-reset-window", {1, 8, 8}},
                                                                                  {"made-reset-priority", {1, 2}},
                                                                                  {"made-reset-itself", {1, 2}},
                                                                                  {"made-reset-headers", {1, 1}},
                                                                                  {"made-reset-data", {1, 0}}};
  for (const auto& [name, types] : kTypes) EXPECT_EQ(types_of(frames_of(unit(name, 7))), types) << name;
}

TEST(AuditProbes, take_a_stream_for_each_request_and_name_it_in_the_frame_that_is_wrong) {
  for (const std::string_view name : {"rapid-reset", "made-reset-increment", "made-reset-itself", "made-reset-data"}) {
    for (const Frame& one : frames_of(unit(name, 7))) EXPECT_EQ(one.header.stream, 15) << name;
  }
  const auto itself = frames_of(unit("made-reset-itself", 7));
  EXPECT_EQ(load_big_endian(byte_span(itself[1].payload).first(4)), 15);
  EXPECT_EQ(frames_of(unit("made-reset-priority", 7))[1].payload.size(), 4);
  EXPECT_EQ(load_big_endian(frames_of(unit("made-reset-increment", 7))[1].payload), 0);
}

TEST(AuditProbes, make_2_7_megabytes_of_20000_continuations_that_decode) {
  byte_vector bytes;
  probe_named("long-continuation").open(subject(), bytes);
  for (std::uint32_t i = 0; i < 3; ++i) probe_named("long-continuation").unit(subject(), i, bytes);
  probe_named("long-continuation").close(subject(), bytes);
  EXPECT_EQ(unit("long-continuation", 0).size() * 20'000, 2'700'000);
  EXPECT_EQ(messages_of(frames_of(bytes)).at(0).size(), 4 + 3);
}

TEST(AuditProbes, code_the_huffman_flood_in_the_shortest_codes) {
  byte_vector bytes;
  probe_named("huffman-continuation").open(subject(), bytes);
  probe_named("huffman-continuation").unit(subject(), 0, bytes);
  probe_named("huffman-continuation").close(subject(), bytes);
  const auto frames = frames_of(bytes);
  EXPECT_LE(frames[1].payload.size(), kLeastMaxFrameSize);
  const fields message = messages_of(frames).at(0);
  EXPECT_EQ(message[4].value, std::string(26'200, '0'));  // 16,375 bytes of 8 bits in codes of 5
}

TEST(AuditProbes, say_how_large_their_steps_are_when_decoded) {
  for (const Probe& probe : field_probes()) {
    byte_vector bytes;
    for (std::uint32_t i = 0; i < 6; ++i) probe.unit(subject(), i, bytes);
    const auto messages = messages_of(frames_of(bytes));
    ASSERT_EQ(messages.size(), 6) << probe.name;
    for (std::uint32_t i = 0; i < 6; ++i) {
      byte_vector plain;
      put_request(subject(), Method::get, stream_of(i), plain);
      const std::size_t of_request = messages_of(frames_of(plain)).at(0).list_size();
      const StepSize size = probe.size(subject(), i);
      EXPECT_EQ(messages[i].size(), 4 + size.fields) << probe.name << i;
      EXPECT_EQ(messages[i].list_size(), of_request + size.decoded_bytes + 32 * size.fields) << probe.name << i;
    }
  }
}

TEST(AuditProbes, make_64_mebibytes_of_a_block_of_16_kibibytes) {
  const Probe& probe = probe_named("long-crumbs");
  EXPECT_LT(unit("long-crumbs", probe.steps - 1).size(), 17 * 1024);
  EXPECT_GT(probe.size(subject(), probe.steps - 1).decoded_bytes, 63U * 1024 * 1024);
}

TEST(AuditProbes, plant_no_more_than_the_servers_table_holds_and_say_so_first) {
  for (const std::uint32_t table : {0U, 38U, 39U, 100U, 4095U, 65536U}) {
    Subject of = subject();
    of.table_bytes = table;
    byte_vector bytes;
    for (std::uint32_t i = 0; i < 3; ++i) probe_named("long-crumbs").unit(of, i, bytes);
    const auto messages = messages_of(frames_of(bytes), table);
    ASSERT_EQ(messages.size(), 3) << table;
    EXPECT_EQ(messages[2].size(), 4 + 4) << table;
    EXPECT_EQ(messages[2][7].value.size(), table <= 38 ? 0 : std::min(table, 4096U) - 38) << table;
    const byte_vector first = frames_of(bytes)[0].payload;
    EXPECT_EQ((std::to_integer<unsigned>(first[0]) & 0xe0U) == 0x20, table < 4096) << table;
  }
}

}  // namespace
}  // namespace uncork::http2::audit
