#pragma once
// Rows for programs: the formats of src/record, and one JSON document a look.

#include <memory>
#include <string>
#include <vector>

#include "cli/sockets/options.hpp"
#include "cli/sockets/selection.hpp"
#include "core/result.hpp"
#include "record/envelope.hpp"
#include "record/format.hpp"

namespace uncork::cli {

/// Writes the rows of look after look to standard output.
class RowOutput {
 public:
  /// For every format but the table. Errors: columns that the format cannot have.
  [[nodiscard]] static core::Result<std::unique_ptr<RowOutput>> open(const SocketsOptions& options, const SocketsPlan& plan);

  void put_look(const Selected& selected, const probe::Look& look);

 private:
  RowOutput(const SocketsOptions& options, std::unique_ptr<record::Format> format);
  void put_document(const Selected& selected, const probe::Look& look);

  bool deltas_ = false;
  std::unique_ptr<record::Format> document_rows_;  // of --json
  std::unique_ptr<record::EnvelopeBuilder> envelopes_;
  record::Buffer buffer_;
};

}  // namespace uncork::cli
