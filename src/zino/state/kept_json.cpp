#include "zino/state/kept_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace uncork::zino {

KeptJson::KeptJson() noexcept = default;
KeptJson::KeptJson(Json object) : object_(object.empty() ? nullptr : std::make_unique<Json>(std::move(object))) {}
KeptJson::KeptJson(const KeptJson& other) : object_(other.object_ ? std::make_unique<Json>(*other.object_) : nullptr) {}
KeptJson::KeptJson(KeptJson&& other) noexcept = default;
KeptJson& KeptJson::operator=(const KeptJson& other) {
  *this = KeptJson(other);
  return *this;
}
KeptJson& KeptJson::operator=(KeptJson&& other) noexcept = default;
KeptJson::~KeptJson() = default;

const Json& KeptJson::get() const {
  static const Json empty = Json::object();
  return object_ ? *object_ : empty;
}

Json& KeptJson::edit() {
  if (!object_) object_ = std::make_unique<Json>(Json::object());
  return *object_;
}

bool KeptJson::operator==(const KeptJson& other) const { return get() == other.get(); }

}  // namespace uncork::zino
