#include <charconv>

#include "record/cells.hpp"
#include "record/escape.hpp"

namespace uncork::record {

namespace {

class SeparatedFormat final : public Format {
 public:
  using PutText = void (*)(Buffer&, std::string_view);

  SeparatedFormat(const FormatOptions& options, char separator, PutText put_text)
      : columns_(columns_of(options)), human_(options.human), separator_(separator), put_text_(put_text) {}

  void begin(Buffer& to) override {
    if (std::exchange(header_written_, true)) return;
    for (const Column& column : columns_) {
      if (&column != columns_.data()) to.put(separator_);
      to.put(column.name);
    }
    to.put('\n');
  }

  void row(const Row& row, std::size_t /*index*/, const Delta* delta, Buffer& to) override {
    for (const Column& column : columns_) {
      if (&column != columns_.data()) to.put(separator_);
      std::visit(Put{to, put_text_}, cell_of(row, delta, column, human_, Addresses::text));
    }
    to.put('\n');
  }

 private:
  struct Put {
    Buffer& to;
    PutText put_text;
    void operator()(std::monostate) const {}
    void operator()(bool flag) const { to.put(flag ? "true" : "false"); }
    void operator()(const std::string& text) const { put_text(to, text); }
    void operator()(std::string_view text) const { put_text(to, text); }
    void operator()(Bytes bytes) const { put_text(to, bytes.view); }
    void operator()(auto number) const {
      char* const at = to.room(32);
      to.end_at(std::to_chars(at, at + 32, number).ptr);
    }
  };

  std::vector<Column> columns_;
  bool human_;
  char separator_;
  PutText put_text_;
  bool header_written_ = false;
};

}  // namespace

std::unique_ptr<Format> csv_format(const FormatOptions& options) {
  return std::make_unique<SeparatedFormat>(options, ',', put_csv);
}
std::unique_ptr<Format> tsv_format(const FormatOptions& options) {
  return std::make_unique<SeparatedFormat>(options, '\t', put_tsv);
}

}  // namespace uncork::record
