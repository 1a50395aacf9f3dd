#pragma once
// KeptJson: what a document has beyond our tables, kept to be written back.

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace uncork::zino {

/// Keys keep the order of the file.
using Json = nlohmann::ordered_json;

/// A JSON object; a value, whose copies are deep. An empty one costs a pointer, and this header does not compile the library's:
/// what looks inside includes nlohmann/json.hpp.
class KeptJson {
 public:
  KeptJson() noexcept;
  explicit KeptJson(Json object);
  KeptJson(const KeptJson& other);
  KeptJson(KeptJson&& other) noexcept;
  KeptJson& operator=(const KeptJson& other);
  KeptJson& operator=(KeptJson&& other) noexcept;
  ~KeptJson();

  [[nodiscard]] const Json& get() const;
  /// To be changed.
  [[nodiscard]] Json& edit();

  bool operator==(const KeptJson& other) const;

 private:
  std::unique_ptr<Json> object_;  // null: empty
};

}  // namespace uncork::zino
