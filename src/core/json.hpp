#pragma once
// Json: a JSON value to be written. What reads JSON includes nlohmann/json.hpp itself; what only writes some includes this, since
// that header takes more to compile than most files here.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::core {

/// null, a boolean, a number, a text, an array or an object; the keys of an object keep the order in which they came. A value:
/// copies are deep, threads may read the same one. Braces make an object where every element is a pair of a text and a value, and
/// else an array, so that documents are written as they will look: `Json line = {{"type", "summary"}, {"clients", 3}};`. As
/// with nlohmann::json, braces around one value make an array of it: copies are made with parentheses or `=`.
class Json {
 public:
  Json() noexcept;
  Json(std::nullptr_t) noexcept : Json() {}
  template <std::same_as<bool> T>
  Json(T value) noexcept : Json() {
    set_boolean(value);
  }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Json(T value) noexcept : Json() {
    if constexpr (std::signed_integral<T>) {
      set_signed(value);
    } else {
      set_unsigned(value);
    }
  }
  /// What is not finite is written as null: JSON has no word for it.
  template <std::floating_point T>
  Json(T value) noexcept : Json() {
    set_number(static_cast<double>(value));
  }
  Json(std::string text) noexcept;
  Json(std::string_view text);
  Json(const char* text);
  Json(std::initializer_list<Json> elements);
  Json(const std::vector<std::string>& texts);
  template <std::integral T>
  Json(const std::vector<T>& numbers) : Json(array()) {
    for (T number : numbers) push_back(number);
  }
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();

  [[nodiscard]] static Json array();
  /// An array, whatever the elements are.
  [[nodiscard]] static Json array(std::initializer_list<Json> elements);
  [[nodiscard]] static Json object();

  /// The value of that key, made null if there is none. Null becomes an object; asking anything else is a programmer's error.
  Json& operator[](std::string_view key);
  /// Null becomes an array; anything else but an array is a programmer's error.
  void push_back(Json element);
  /// Every value of that object, which replaces one of the same key here.
  void update(Json object);
  /// Takes that key away, if it is there.
  void erase(std::string_view key);

  /// Of an array or object; 0 else.
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

  enum class Order : std::uint8_t { sorted, as_inserted };
  enum class Charset : std::uint8_t { utf8, ascii };
  /// On one line. What is not UTF-8 is written as U+FFFD.
  [[nodiscard]] std::string dump(Order keys = Order::sorted, Charset charset = Charset::utf8) const;

 private:
  friend struct JsonWriter;
  enum class Kind : std::uint8_t { null, boolean, signed_integer, unsigned_integer, number, text, array, object };

  void set_boolean(bool value) noexcept;
  void set_signed(std::int64_t value) noexcept;
  void set_unsigned(std::uint64_t value) noexcept;
  void set_number(double value) noexcept;
  [[nodiscard]] bool is_pair() const noexcept {
    return kind_ == Kind::array && items_.size() == 2 && items_[0].kind_ == Kind::text;
  }

  union Scalar {
    bool boolean;
    std::int64_t signed_integer;
    std::uint64_t unsigned_integer;
    double number;
  };

  Kind kind_ = Kind::null;
  Scalar scalar_{};
  std::string text_;
  std::vector<Json> items_;        // of an array or object
  std::vector<std::string> keys_;  // of an object: as many
};

}  // namespace uncork::core
