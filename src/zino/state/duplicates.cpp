#include "zino/state/duplicates.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostTold = 100;
constexpr std::size_t kDeepest = 64;  // as for the state itself

/// Follows the events of the parser with the objects that it is in.
class Finder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t /*size*/) override { return enter(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const Json::exception& /*error*/) override { return false; }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.at = name;
    const auto number = is_numbered() ? python_int(name) : std::nullopt;
    if (!level.keys.insert(number.value_or(name)).second) {
      std::vector<std::string_view> path;
      for (const Level& one : levels_) path.push_back(one.at);
      found.push_back(fmt::format("{}: the key is there twice; the later one counts", fmt::join(path, ".")));
    }
    return found.size() < kMostTold;
  }

  std::vector<std::string> found;

 private:
  struct Level {
    std::string at;  // the key that was read last
    std::set<std::string> keys;
  };
  bool enter() {
    levels_.emplace_back();
    return levels_.size() <= kDeepest;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }
  /// Whether the keys of the object at hand are the ids of cases or of planned maintenance.
  [[nodiscard]] bool is_numbered() const {
    return levels_.size() == 3 && levels_[0].at == levels_[1].at &&
           (levels_[0].at == "events" || levels_[0].at == "planned_maintenances");
  }

  std::vector<Level> levels_;
};

}  // namespace

std::vector<std::string> duplicates_in(std::string_view json) {
  Finder finder;
  static_cast<void>(Json::sax_parse(json, &finder));
  return std::move(finder.found);
}

}  // namespace uncork::zino
