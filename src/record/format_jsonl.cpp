#include <charconv>
#include <utility>

#include "record/cells.hpp"
#include "record/escape.hpp"

namespace uncork::record {

namespace {

struct PutJson {
  Buffer& to;
  void operator()(std::monostate) const { to.put("null"); }
  void operator()(bool flag) const { to.put(flag ? "true" : "false"); }
  void operator()(const std::string& text) const { put_json_string(to, text); }
  void operator()(std::string_view text) const { put_json_string(to, text); }
  void operator()(Bytes bytes) const { put_json_string(to, bytes.view); }
  void operator()(auto number) const {
    char* const at = to.room(32);
    to.end_at(std::to_chars(at, at + 32, number).ptr);
  }
};

class JsonlFormat final : public Format {
 public:
  explicit JsonlFormat(const FormatOptions& options)
      : columns_(columns_of(options)), human_(options.human), keep_unknown_(!options.columns.empty()) {}

  void row(const Row& row, std::size_t /*index*/, const Delta* delta, Buffer& to) override {
    char before = '{';
    for (const Column& column : columns_) {
      const Cell cell = cell_of(row, delta, column, human_, Addresses::text);
      if (!keep_unknown_ && std::holds_alternative<std::monostate>(cell)) continue;
      to.put(before);
      before = ',';
      to.put('"');
      to.put(column.name);
      to.put("\":");
      std::visit(PutJson{to}, cell);
    }
    to.put(before == '{' ? "{}\n" : "}\n");
  }

 private:
  std::vector<Column> columns_;
  bool human_;
  bool keep_unknown_;
};

}  // namespace

std::unique_ptr<Format> jsonl_format(const FormatOptions& options) { return std::make_unique<JsonlFormat>(options); }

}  // namespace uncork::record
