#include "http2/files/content_coding.hpp"

#include <algorithm>
#include <optional>

#include "http2/files/list_text.hpp"

namespace uncork::http2 {
namespace {

/// `0.5` as 500 (RFC 9110 12.4.2: at most three decimals, and at most 1).
std::optional<int> thousandths_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int value = text[0] == '1' ? 1000 : 0;
  int scale = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    value += (c - '0') * scale;
    scale /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

/// The weight behind a coding's name: 1 if there is none, nothing if it is malformed.
std::optional<int> weight_of(std::string_view parameters) {
  if (parameters.empty()) return 1000;
  if (parameters.size() < 2 || lower(parameters[0]) != 'q' || parameters[1] != '=') return std::nullopt;
  return thousandths_of(parameters.substr(2));
}

/// What the field says of each; the first mention counts.
struct Weights {
  std::array<std::optional<int>, kCodings.size()> codings;
  std::optional<int> identity;
  std::optional<int> any;  // `*`: of every coding without a mention of its own

  std::optional<int>* of(std::string_view name) {
    if (is_word(name, "x-gzip")) name = "gzip";  // RFC 9110 8.4.1.3
    for (std::size_t i = 0; i < kCodings.size(); ++i) {
      if (is_word(name, kCodings[i].name)) return &codings[i];
    }
    if (is_word(name, "identity")) return &identity;
    return name == "*" ? &any : nullptr;
  }
};

Weights read_weights(std::string_view value) {
  Weights weights;
  while (!value.empty()) {
    std::string_view element = take_until(',', value);
    const bool has_weight = element.find(';') != std::string_view::npos;
    const std::string_view name = take_until(';', element);
    std::optional<int>* known = weights.of(name);
    const std::string_view parameters = trimmed(element);
    if (known == nullptr || known->has_value() || (has_weight && parameters.empty())) continue;
    *known = weight_of(parameters);
  }
  return weights;
}

}  // namespace

CodingOrder wanted_codings(std::string_view accept_encoding) {
  const Weights weights = read_weights(accept_encoding);
  struct Candidate {
    const ContentCoding* coding;
    int weight;
  };
  std::array<Candidate, kCodings.size()> candidates{};
  for (std::size_t i = 0; i < kCodings.size(); ++i) {
    candidates[i] = {&kCodings[i], weights.codings[i].value_or(weights.any.value_or(0))};
  }
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.coding < b.coding;  // in kCodings' order
  });
  const int identity = weights.identity.value_or(weights.any.value_or(0));
  CodingOrder order;
  for (const Candidate& candidate : candidates) {
    if (candidate.weight > 0 && candidate.weight >= identity) order.add(*candidate.coding);
  }
  return order;
}

}  // namespace uncork::http2
