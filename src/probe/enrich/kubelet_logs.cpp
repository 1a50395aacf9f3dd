#include "probe/enrich/kubelet_logs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace uncork::probe {
namespace {

constexpr std::size_t kIdDigits = 64;
constexpr std::size_t kMostLogs = 100'000;

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         std::ranges::all_of(text, [](char c) { return std::string_view("0123456789abcdef").contains(c); });
}

/// What names of pods, namespaces and containers are made of (RFC 1123 labels and subdomains).
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

std::optional<ContainerName> container_of_log(std::string_view file) {
  constexpr std::string_view kSuffix = ".log";
  if (!file.ends_with(kSuffix) || file.size() < kSuffix.size() + kIdDigits + 1) return std::nullopt;
  file.remove_suffix(kSuffix.size());
  const std::string_view id = file.substr(file.size() - kIdDigits);
  file.remove_suffix(kIdDigits);
  if (!is_id(id) || !file.ends_with('-')) return std::nullopt;
  file.remove_suffix(1);
  const std::size_t first = std::min(file.find('_'), file.size());
  const std::size_t second = std::min(file.find('_', first + 1), file.size());
  if (second == file.size()) return std::nullopt;
  const std::string_view pod = file.substr(0, first);
  const std::string_view space = file.substr(first + 1, second - first - 1);
  const std::string_view container = file.substr(second + 1);
  if (!is_name(pod) || !is_name(space) || !is_name(container)) return std::nullopt;
  return ContainerName{std::string(id), std::string(space) + "/" + std::string(pod) + "/" + std::string(container), ""};
}

std::vector<ContainerName> read_kubelet_logs(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<ContainerName> names;
  std::error_code failed;
  fs::directory_iterator entry(directory, failed);
  for (const fs::directory_iterator end; !failed && entry != end && names.size() < kMostLogs; entry.increment(failed)) {
    if (auto name = container_of_log(entry->path().filename().string())) names.push_back(std::move(*name));
  }
  std::ranges::sort(names, {}, &ContainerName::id);
  return names;
}

}  // namespace uncork::probe
