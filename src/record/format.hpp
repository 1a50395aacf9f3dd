#pragma once
// A format: how rows become the bytes of an envelope.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "record/buffer.hpp"
#include "record/catalogue.hpp"
#include "record/deltas.hpp"

namespace uncork::record {

/// Writes the rows of one envelope after the other: begin, rows, end. One envelope at a time.
class Format {
 public:
  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
  virtual ~Format() = default;

  /// What stands before the first row.
  virtual void begin(Buffer& /*to*/) {}
  /// A row; `index` counts them in their envelope. `delta` is null unless the options ask for deltas.
  virtual void row(const Row& row, std::size_t index, const Delta* delta, Buffer& to) = 0;
  /// What stands after the last row, or before the first if it could not be known earlier.
  virtual void end(Buffer& /*to*/) {}
  /// The most bytes that `end` adds.
  [[nodiscard]] virtual std::size_t end_bytes() const { return 0; }
};

struct FormatOptions {
  std::vector<const Field*> columns = {};  ///< none: all of them
  bool human = false;                      ///< addresses, states and times readable (addresses of text formats always are)
  bool deltas = false;                     ///< increments and rates beside the counters
};

/// The names that make_format knows.
[[nodiscard]] std::span<const std::string_view> format_names();

/// Errors: a name that is none; columns, human or deltas asked of a format that always has all fields and no others.
[[nodiscard]] core::Result<std::unique_ptr<Format>> make_format(std::string_view name, const FormatOptions& options = {});

/// `tcp_info_rtt,pid` or `tcpInfoRtt,pid` as fields. Errors name the column that is none.
[[nodiscard]] core::Result<std::vector<const Field*>> parse_columns(std::string_view text);

// ---- each format, in a file of its own -------------------------------------------------------------------------------------

/// protobufList: the length of an Envelope as a varint, the Envelope. One message for Kafka, a part of a stream for files.
[[nodiscard]] std::unique_ptr<Format> protobuf_list_format();
/// protobufDelimited: the length of a row as a varint, the row, and so on.
[[nodiscard]] std::unique_ptr<Format> protobuf_delimited_format();
/// protoJson: one Envelope as libprotobuf's JSON printer writes it, and a newline.
[[nodiscard]] std::unique_ptr<Format> proto_json_format();
/// protoText: one Envelope as libprotobuf's text printer writes it.
[[nodiscard]] std::unique_ptr<Format> proto_text_format();
/// jsonl: an object a line. What is unknown is left out, or null if its column was asked for by name. Numbers are numbers.
[[nodiscard]] std::unique_ptr<Format> jsonl_format(const FormatOptions& options);
/// csv and tsv: a line a row under one header line for all envelopes. What is unknown is empty.
[[nodiscard]] std::unique_ptr<Format> csv_format(const FormatOptions& options);
[[nodiscard]] std::unique_ptr<Format> tsv_format(const FormatOptions& options);
/// msgpack: a map a row, one after the other; addresses are bytes.
[[nodiscard]] std::unique_ptr<Format> msgpack_format(const FormatOptions& options);

}  // namespace uncork::record
