// The formats against those who define them: libprotobuf's printers, and readers that nobody here wrote.

#include "record/format.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "any_row.hpp"
#include "record/human.hpp"
#include "some_row.hpp"

namespace uncork::record {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string one_envelope(Format& format, const std::vector<Row>& rows, const Delta* delta = nullptr) {
  Buffer buffer;
  format.begin(buffer);
  for (std::size_t i = 0; i < rows.size(); ++i) format.row(rows[i], i, delta, buffer);
  const std::size_t before = buffer.size();
  format.end(buffer);
  EXPECT_LE(buffer.size() - before, format.end_bytes());
  return std::string(buffer.view());
}

std::string one_envelope(std::string_view format, const std::vector<Row>& rows, const FormatOptions& options = {}) {
  return one_envelope(*make_format(format, options).value(), rows);
}

std::vector<Row> some_rows(Texts& texts) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Row> rows;
  for (std::uint64_t count = 1 + random() % 4; count > 0; --count) rows.push_back(any_row(texts, random));
  return rows;
}

xtcp_flat_record::v1::Envelope envelope_of(const std::vector<Row>& rows) {
  xtcp_flat_record::v1::Envelope envelope;
  for (const Row& row : rows) *envelope.add_row() = message_of(row);
  return envelope;
}

/// A row as the JSON formats should have it; unknown fields are not in it.
json expected_json(const Row& row, bool raw_addresses) {
  json object = json::object();
  for (const Field& field : fields()) {
    const Value value = value_of(row, field);
    const std::string name(field.json_name);
    if (const auto* const text = std::get_if<std::string_view>(&value)) {
      if (field.type == FieldType::text)
        object[name] = std::string(*text);
      else if (raw_addresses)
        object[name] = json::binary({text->begin(), text->end()});
      else
        object[name] = human_text(row, field);
    } else if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
      const auto enum_name = enumerator(field.type, *number);
      if (enum_name.empty())
        object[name] = *number;
      else
        object[name] = std::string(enum_name);
    } else if (const auto* const time = std::get_if<std::int64_t>(&value)) {
      object[name] = *time;
    } else if (const auto* const flag = std::get_if<bool>(&value)) {
      object[name] = *flag;
    }
  }
  return object;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// What RFC 4180 makes of a text; rows may span lines.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows = {{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && text.substr(i + 1, 1) == "\"")
      rows.back().back() += text[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == ',')
      rows.back().emplace_back();
    else if (!quoted && c == '\n')
      rows.push_back({""});
    else
      rows.back().back() += c;
  }
  rows.pop_back();
  return rows;
}

RC_GTEST_PROP(ProtoJson, is_what_libprotobuf_prints, ()) {
  Texts texts;
  const auto rows = some_rows(texts);
  std::string expected;
  RC_ASSERT(google::protobuf::util::MessageToJsonString(envelope_of(rows), &expected).ok());
  RC_ASSERT(one_envelope("protoJson", rows) == expected + "\n");
}

RC_GTEST_PROP(ProtoText, is_what_libprotobuf_prints, ()) {
  Texts texts;
  const auto rows = some_rows(texts);
  std::string expected;
  RC_ASSERT(google::protobuf::TextFormat::PrintToString(envelope_of(rows), &expected));
  RC_ASSERT(one_envelope("protoText", rows) == expected);
}

RC_GTEST_PROP(Jsonl, has_what_is_known_and_nothing_else, ()) {
  Texts texts;
  const auto rows = some_rows(texts);
  const auto lines = lines_of(one_envelope("jsonl", rows));
  RC_ASSERT(lines.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) RC_ASSERT(json::parse(lines[i]) == expected_json(rows[i], false));
}

RC_GTEST_PROP(Msgpack, has_what_is_known_and_nothing_else, ()) {
  Texts texts;
  for (const Row& row : some_rows(texts)) {
    RC_ASSERT(json::from_msgpack(one_envelope("msgpack", {row})) == expected_json(row, true));
  }
}

RC_GTEST_PROP(Csv, reads_back_as_the_rows, ()) {
  Texts texts;
  const auto rows = some_rows(texts);
  const auto read = read_csv(one_envelope("csv", rows));
  RC_ASSERT(read.size() == rows.size() + 1);
  RC_ASSERT(read[0].size() == fields().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json expected = expected_json(rows[i], false);
    RC_ASSERT(read[i + 1].size() == fields().size());
    for (std::size_t column = 0; column < fields().size(); ++column) {
      const json value = expected.value(read[0][column], json(""));
      RC_ASSERT(read[i + 1][column] == (value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
}

RC_GTEST_PROP(Tsv, has_one_line_a_row_and_one_tab_between_two_cells, ()) {
  Texts texts;
  const auto rows = some_rows(texts);
  const auto lines = lines_of(one_envelope("tsv", rows));
  RC_ASSERT(lines.size() == rows.size() + 1);
  for (const std::string& line : lines) {
    RC_ASSERT(static_cast<std::size_t>(std::ranges::count(line, '\t')) + 1 == fields().size());
  }
}

TEST(Tsv, escapes_with_a_backslash) {
  Texts texts;
  Row row;
  row.command = texts.keep("a\tb\nc\\d\re");
  EXPECT_EQ(one_envelope("tsv", {row}, {.columns = parse_columns("command,pid").value()}),
            "command\tpid\na\\tb\\nc\\\\d\\re\t\n");
}

TEST(Csv, has_its_header_once_for_all_envelopes) {
  const auto format = make_format("csv", {.columns = parse_columns("pid,nodelay").value()}).value();
  Row row;
  row.blocks = Block::process | Block::options;
  row.pid = 7;
  EXPECT_EQ(one_envelope(*format, {row}), "pid,nodelay\n7,false\n");
  EXPECT_EQ(one_envelope(*format, {row, row}), "7,false\n7,false\n");
}

TEST(Formats, say_nothing_of_a_number_that_is_unknown_and_0_of_one_that_is_0) {
  Row row;
  const FormatOptions options = {.columns = parse_columns("tcp_info_rtt,nodelay,lostCorkUs,command").value()};
  EXPECT_EQ(one_envelope("jsonl", {row}, options), R"({"tcpInfoRtt":null,"nodelay":null,"lostCorkUs":null,"command":null})"
                                                   "\n");
  EXPECT_EQ(one_envelope("csv", {row}, options), "tcpInfoRtt,nodelay,lostCorkUs,command\n,,,\n");
  EXPECT_FALSE(json::parse(one_envelope("jsonl", {row})).contains("tcpInfoRtt"));
  row.blocks = Block::tcp_info | Block::options | Block::ledger;
  EXPECT_EQ(one_envelope("jsonl", {row}, options), R"({"tcpInfoRtt":0,"nodelay":false,"lostCorkUs":0,"command":null})"
                                                   "\n");
}

TEST(Formats, write_what_people_read_when_asked) {
  Texts texts;
  Row row = some_row(texts);
  row.blocks |= Block::close;
  row.close_reason = CloseReason::reset_sent;
  row.timestamp_ns = 1764081234567890123;
  row.tcp_info_rtt = 12345;
  row.tcp_info_min_rtt = 0xffffffff;
  const std::string columns =
      "timestamp_ns,inet_diag_msg_state,inet_diag_msg_socket_source,tcp_info_rtt,tcp_info_min_rtt,"
      "tcp_info_max_pacing_rate,congestion_algorithm_enum,close_reason,pid,nsid";
  FormatOptions options = {.columns = parse_columns(columns).value(), .human = true};
  const json object = json::parse(one_envelope("jsonl", {row}, options));
  EXPECT_EQ(object["timestampNs"], "2025-11-25T14:33:54.567890123Z");
  EXPECT_EQ(object["inetDiagMsgState"], "established");
  EXPECT_EQ(object["inetDiagMsgSocketSource"], "2001:db8::1");
  EXPECT_EQ(object["tcpInfoRtt"], "12.3 ms");
  EXPECT_EQ(object["tcpInfoMinRtt"], "none");
  EXPECT_EQ(object["congestionAlgorithmEnum"], "cubic");
  EXPECT_EQ(object["closeReason"], "reset sent");
  EXPECT_EQ(object["pid"], row.pid);
  EXPECT_TRUE(object["nsid"].is_null());
}

TEST(Formats, add_increments_and_rates_when_asked) {
  Texts texts;
  Deltas deltas;
  Row row = some_row(texts);
  FormatOptions options = {.columns = parse_columns("tcp_info_bytes_acked,tcp_info_rtt").value(), .deltas = true};
  const auto format = make_format("jsonl", options).value();
  row.tcp_info_bytes_acked = 1000;
  EXPECT_EQ(json::parse(one_envelope(*format, {row}, &deltas.of(row)))["tcpInfoBytesAckedDelta"], nullptr);
  row.tcp_info_bytes_acked = 4000;
  row.timestamp_ns += 2'000'000'000;
  const json object = json::parse(one_envelope(*format, {row}, &deltas.of(row)));
  EXPECT_EQ(object["tcpInfoBytesAcked"], 4000);
  EXPECT_EQ(object["tcpInfoBytesAckedDelta"], 3000);
  EXPECT_EQ(object["tcpInfoBytesAckedPerSecond"], 1500.0);
  EXPECT_EQ(object["intervalNs"], 2'000'000'000);
  EXPECT_FALSE(object.contains("tcpInfoRttDelta"));
}

TEST(Formats, refuse_what_they_cannot_do) {
  EXPECT_EQ(make_format("xml").error().message,
            "format 'xml': there are protobufList, protobufDelimited, protoJson, protoText, jsonl, csv, tsv, msgpack");
  EXPECT_THAT(make_format("protobufList", {.human = true}).error().message, HasSubstr("it has all fields as its schema says"));
  EXPECT_THAT(make_format("protoJson", {.deltas = true}).error().message, HasSubstr("columns, human and deltas are for jsonl"));
  for (const std::string_view name : format_names()) EXPECT_TRUE(make_format(name).has_value()) << name;
}

TEST(Columns, are_named_in_either_way_and_a_wrong_one_is_named) {
  const auto columns = parse_columns("tcp_info_rtt,tcpInfoRtt,pid").value();
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0], columns[1]);
  EXPECT_EQ(parse_columns("pid,rtt").error().message, "columns: 'rtt' at character 5 is no field; docs/record.md lists them");
  EXPECT_EQ(parse_columns("").error().message, "columns: '' at character 1 is no field; docs/record.md lists them");
}

TEST(Human, shows_states_addresses_and_times) {
  EXPECT_EQ(state_text(1), "established");
  EXPECT_EQ(state_text(10), "listen");
  EXPECT_EQ(state_text(12), "new_syn_recv");
  EXPECT_EQ(state_text(99), "99");
  EXPECT_EQ(address_text(std::string_view("\xc6\x12\0\1", 4)), "198.18.0.1");
  EXPECT_EQ(address_text("12"), "");
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999999Z");
  Row row;
  EXPECT_EQ(human_text(row, *find_field("pid")), "-");
  EXPECT_EQ(human_text(row, *find_field("command")), "-");
  EXPECT_EQ(human_text(row, *find_field("inet_diag_msg_socket_source")), "-");
  row.blocks = Block::options | Block::attributes;
  row.tcp_info_tail = Tail::of("\x01\xab");
  EXPECT_EQ(human_text(row, *find_field("nodelay")), "no");
  EXPECT_EQ(human_text(row, *find_field("tcp_info_tail")), "01ab");
}

}  // namespace
}  // namespace uncork::record
