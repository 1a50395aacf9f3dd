#include "collect/troubles.hpp"

namespace uncork::collect {
namespace {

std::string without_numbers(const std::string& sentence) {
  std::string text;
  for (const char c : sentence) {
    if (c < '0' || c > '9') {
      text += c;
    } else if (!text.ends_with('#')) {
      text += '#';
    }
  }
  return text;
}

}  // namespace

bool Troubles::is_news(const std::string& sentence) {
  const auto [at, is_new] = lasting_.try_emplace(without_numbers(sentence));
  at->second = true;
  return is_new;
}

void Troubles::end_poll() {
  std::erase_if(lasting_, [](const auto& trouble) { return !trouble.second; });
  for (auto& [sentence, is_there] : lasting_) is_there = false;
}

}  // namespace uncork::collect
