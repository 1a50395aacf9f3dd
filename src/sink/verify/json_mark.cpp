#include "sink/verify/json_mark.hpp"

#include <nlohmann/json.hpp>

namespace uncork::sink {
namespace {

/// Hears the members of the outermost object and keeps four of them.
class MarkReader final : public nlohmann::json::json_sax_t {
 public:
  explicit MarkReader(JsonMark& into) : into_(into) {}

  // NOLINTBEGIN(readability-identifier-naming): the library's names
  bool null() override { return depth_ > 0; }
  bool boolean(bool /*value*/) override { return depth_ > 0; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return depth_ > 0; }
  bool binary(binary_t& /*value*/) override { return depth_ > 0; }
  bool number_integer(number_integer_t value) override {
    if (is_named("timestampNs")) into_.timestamp_ns = value;
    return depth_ > 0;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (is_named("timestampNs")) into_.timestamp_ns = static_cast<std::int64_t>(value);
    if (is_named("sequence")) into_.sequence = value;
    if (is_named("rowNumber")) into_.row_number = value;
    return depth_ > 0;
  }
  bool string(string_t& text) override {
    if (is_named("bootId")) into_.boot_id = text;
    return depth_ > 0;
  }
  bool start_object(std::size_t /*size*/) override {
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t /*size*/) override { return depth_++ > 0; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    key_.assign(name);
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const nlohmann::detail::exception& /*why*/) override {
    return false;
  }
  // NOLINTEND(readability-identifier-naming)

 private:
  [[nodiscard]] bool is_named(std::string_view name) const { return depth_ == 1 && key_ == name; }

  JsonMark& into_;
  std::string key_;
  int depth_ = 0;
};

}  // namespace

bool read_json_mark(std::string_view line, JsonMark& into) {
  into = {};
  MarkReader reader(into);
  return nlohmann::json::sax_parse(line.begin(), line.end(), &reader);
}

}  // namespace uncork::sink
