#include "record/pages.hpp"

#include <array>
#include <string_view>

#include "record/catalogue.hpp"

namespace uncork::record {

namespace {

constexpr std::string_view kProtoHead =
    R"(// Made from src/record/fields.inc; ./dev pages makes it anew. docs/record.md explains it.
//
// One TCP socket at one time. Names, numbers and types up to 2103 are those of the published schema of this name, except for
// the ranges 1266-1299, 1403-1499, 1601-1699 and from 2104 on, which are additions.
//
// A number that is 0 is not written, as proto3 does. Whether it was 0 or unknown, the field `blocks` says: fields come in
// blocks that are known together, and each has its bit (docs/record.md).
//
// Framing: one Envelope after its length as a varint (protobufList), or one XtcpFlatRecord after its length (protobufDelimited).
syntax = "proto3";

package xtcp_flat_record.v1;

message Envelope {
  repeated XtcpFlatRecord row = 10;
}

message XtcpFlatRecord {
)";

constexpr std::string_view kPageHead = R"(# The record: one socket at one time

Made from the catalogue in `src/record/fields.inc`; `./dev pages` makes it anew.

Every socket that a look sees, and every connection that has ended since the look before, is one row. A row is the protobuf
message `XtcpFlatRecord` of [`xtcp_flat_record.proto`](../src/record/xtcp_flat_record.proto), package `xtcp_flat_record.v1`: names,
numbers and types are those of the published schema of that name, so that its ClickHouse tables and Kafka readers read these
rows. The fields marked + are additions, in ranges that the schema leaves free. How the record changed, and which version has
what, stands in [record-changes.md](record-changes.md).

## What is unknown is never 0
Fields come in blocks that are known together: a dump may have been asked for less, an old kernel's tcp_info is shorter, only the
BPF programs know the ledger. What is unknown is null or left out in JSON, `-` in tables, empty in csv and tsv, and absent in
protobuf. proto3 leaves out a number that is 0 as well; there the field `blocks` tells the two apart: bit *n* of it is set if
the block *n* of the table below is known. A text is unknown when it is empty.

## Formats

| format | an envelope is |
|---|---|
| `protobufList` | the length of an `Envelope` as a varint, then the `Envelope`: one message for Kafka, a part of a stream in files; ClickHouse's `ProtobufList` with the schema `xtcp_flat_record.proto:XtcpFlatRecord` |
| `protobufDelimited` | the length of a row as a varint, then the row, and so on: what protobuf's `parseDelimitedFrom` reads |
| `protoJson` | one `Envelope` in the JSON mapping of protobuf, a line: 64-bit numbers are texts, addresses are base64 |
| `protoText` | one `Envelope` in protobuf's text format: what `protoc --decode` prints |
| `jsonl` | an object a line: numbers are numbers (read them with 64 bits), addresses are texts, enums their names |
| `csv`, `tsv` | a line a row, and one header line at the start; csv is quoted as RFC 4180 says, tsv escapes with a backslash |
| `msgpack` | a map a row: as jsonl, but addresses are bytes |

An envelope ends at the end of a look, after 10,000 rows, before 786,432 bytes, at a chosen age, or at shutdown. A cap begins the
next envelope; it never costs a row. In jsonl, csv, tsv and msgpack the columns can be chosen (unknown ones are then null in JSON),
values can be made readable (`human`: states and enums as words, times as `2026-11-25T14:41:23.123456789Z`, durations as
`12.3 ms`), and deltas can be added: `intervalNs` since the previous row of the same cookie, and for each counter (marked n) what
it grew by (`tcpInfoBytesAckedDelta`) and its rate (`tcpInfoBytesAckedPerSecond`). They are unknown in a connection's first row,
and where a counter went backwards other than by wrapping at 32 bits.

## Fields
JSON and csv name them in camel case: `tcp_info_bytes_acked` is `tcpInfoBytesAcked`. Marks: + is an addition to the published
schema, n a counter.

| number | name | type | unit | block | source |
|---|---|---|---|---|---|
)";

/// The ranges that the published schema leaves free.
bool is_addition(const Field& field) {
  const std::uint32_t n = field.number;
  return (n >= 1266 && n < 1300) || (n >= 1403 && n < 1500) || (n > 1600 && n < 1700) || n >= 2104;
}

struct Enum {
  FieldType type;
  std::string_view name;
  std::string_view what;
};
constexpr Enum kEnums[] = {
    {FieldType::congestion_algorithm, "CongestionAlgorithm",
     "All others are UNSPECIFIED, and named by congestion_algorithm_string."},
    {FieldType::row_kind, "RowKind",
     "What a row is about: a socket that a look saw, a connection that has ended, one that never came to be."},
    {FieldType::close_reason, "CloseReason", "How a connection ended."}};

std::string_view proto_type(FieldType type) {
  switch (type) {
    case FieldType::u32:
      return "uint32";
    case FieldType::u64:
      return "uint64";
    case FieldType::i64:
      return "int64";
    case FieldType::text:
      return "string";
    case FieldType::address:
    case FieldType::tail:
      return "bytes";
    case FieldType::flag:
      return "bool";
    case FieldType::congestion_algorithm:
    case FieldType::row_kind:
    case FieldType::close_reason:
      break;
  }
  for (const Enum& each : kEnums) {
    if (each.type == type) return each.name;
  }
  return "";
}

std::string in_code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string_view block_of(const Field& field) { return field.block == Block::always ? std::string_view{} : name_of(field.block); }

}  // namespace

std::string proto_file() {
  std::string file(kProtoHead);
  for (const Enum& each : kEnums) {
    file += "  // " + std::string(each.what) + "\n  enum " + std::string(each.name) + " {\n";
    for (std::uint64_t value = 0; !enumerator(each.type, value).empty(); ++value) {
      file += "    " + std::string(enumerator(each.type, value)) + " = " + std::to_string(value) + ";\n";
    }
    file += "  }\n\n";
  }
  for (const Field& field : fields()) {
    file += "  " + std::string(proto_type(field.type)) + " " + std::string(field.name) + " = " + std::to_string(field.number) +
            ";  // ";
    if (!field.unit.empty()) file += std::string(field.unit) + "; ";
    file += std::string(field.source) + "\n";
  }
  return file + "}\n";
}

std::string record_page() {
  std::string page(kPageHead);
  for (const Field& field : fields()) {
    std::string marks;
    if (is_addition(field)) marks += " +";
    if (field.habit == FieldHabit::counter) marks += " n";
    page += "| " + std::to_string(field.number) + " | " + in_code(field.name) + marks + " | " +
            std::string(proto_type(field.type)) + " | " + std::string(field.unit) + " | " + std::string(block_of(field)) + " | " +
            std::string(field.source) + " |\n";
  }
  page += "\n## Enums\n";
  for (const Enum& each : kEnums) {
    page += "\n`" + std::string(each.name) + "`: " + std::string(each.what) + "\n\n| number | name |\n|---|---|\n";
    for (std::uint64_t value = 0; !enumerator(each.type, value).empty(); ++value) {
      page += "| " + std::to_string(value) + " | " + in_code(enumerator(each.type, value)) + " |\n";
    }
  }
  page += "\n## Blocks\n\n| bit | block | known means |\n|---|---|---|\n";
  for (unsigned bit = 1; bit < kBlocks; ++bit) {
    const auto block = static_cast<Block>(bit);
    page += "| " + std::to_string(bit) + " | " + std::string(name_of(block)) + " | " + std::string(meaning_of(block)) + " |\n";
  }
  return page;
}

}  // namespace uncork::record
