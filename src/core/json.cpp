#include "core/json.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace uncork::core {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "uncork: core::Json: %s\n", what);
  std::abort();
}

}  // namespace

/// What is to be written, as the library has it, which knows how to escape texts and print numbers.
struct JsonWriter {
  template <typename Document>
  static Document document(const Json& value) {
    switch (value.kind_) {
      case Json::Kind::null:
        return nullptr;
      case Json::Kind::boolean:
        return value.scalar_.boolean;
      case Json::Kind::signed_integer:
        return value.scalar_.signed_integer;
      case Json::Kind::unsigned_integer:
        return value.scalar_.unsigned_integer;
      case Json::Kind::number:
        return value.scalar_.number;
      case Json::Kind::text:
        return value.text_;
      case Json::Kind::array: {
        Document array = Document::array();
        for (const Json& item : value.items_) array.push_back(document<Document>(item));
        return array;
      }
      case Json::Kind::object:
        break;
    }
    Document object = Document::object();
    for (std::size_t i = 0; i < value.items_.size(); ++i) object[value.keys_[i]] = document<Document>(value.items_[i]);
    return object;
  }

  template <typename Document>
  static std::string text(const Json& value, bool only_ascii) {
    return document<Document>(value).dump(-1, ' ', only_ascii, Document::error_handler_t::replace);
  }
};

Json::Json() noexcept = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

Json::Json(std::string text) noexcept : kind_(Kind::text), text_(std::move(text)) {}
Json::Json(std::string_view text) : kind_(Kind::text), text_(text) {}
Json::Json(const char* text) : kind_(Kind::text), text_(text) {}

Json::Json(const std::vector<std::string>& texts) : kind_(Kind::array) {
  for (const std::string& text : texts) items_.emplace_back(text);
}

Json::Json(std::initializer_list<Json> elements) {
  if (!std::ranges::all_of(elements, &Json::is_pair)) {
    kind_ = Kind::array;
    items_ = elements;
    return;
  }
  kind_ = Kind::object;
  for (const Json& pair : elements) (*this)[pair.items_[0].text_] = pair.items_[1];
}

void Json::set_boolean(bool value) noexcept {
  kind_ = Kind::boolean;
  scalar_.boolean = value;
}

void Json::set_signed(std::int64_t value) noexcept {
  kind_ = Kind::signed_integer;
  scalar_.signed_integer = value;
}

void Json::set_unsigned(std::uint64_t value) noexcept {
  kind_ = Kind::unsigned_integer;
  scalar_.unsigned_integer = value;
}

void Json::set_number(double value) noexcept {
  kind_ = Kind::number;
  scalar_.number = value;
}

Json Json::array() {
  Json made;
  made.kind_ = Kind::array;
  return made;
}

Json Json::array(std::initializer_list<Json> elements) {
  Json made = array();
  made.items_ = elements;
  return made;
}

Json Json::object() {
  Json made;
  made.kind_ = Kind::object;
  return made;
}

Json& Json::operator[](std::string_view key) {
  if (kind_ == Kind::null) kind_ = Kind::object;
  require(kind_ == Kind::object, "a key is asked of what is no object");
  const auto found = std::ranges::find(keys_, key);
  if (found != keys_.end()) return items_[static_cast<std::size_t>(found - keys_.begin())];
  keys_.emplace_back(key);
  return items_.emplace_back();
}

void Json::push_back(Json element) {
  if (kind_ == Kind::null) kind_ = Kind::array;
  require(kind_ == Kind::array, "an element is added to what is no array");
  items_.push_back(std::move(element));
}

void Json::update(Json object) {
  require(object.kind_ == Kind::object, "an update takes an object");
  for (std::size_t i = 0; i < object.items_.size(); ++i) (*this)[object.keys_[i]] = std::move(object.items_[i]);
}

void Json::erase(std::string_view key) {
  const auto found = std::ranges::find(keys_, key);
  if (found == keys_.end()) return;
  items_.erase(items_.begin() + (found - keys_.begin()));
  keys_.erase(found);
}

std::string Json::dump(Order keys, Charset charset) const {
  const bool only_ascii = charset == Charset::ascii;
  return keys == Order::sorted ? JsonWriter::text<nlohmann::json>(*this, only_ascii)
                               : JsonWriter::text<nlohmann::ordered_json>(*this, only_ascii);
}

}  // namespace uncork::core
