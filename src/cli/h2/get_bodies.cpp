#include "cli/h2/get_bodies.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "cli/output.hpp"
#include "core/syscall.hpp"

namespace uncork::cli {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class NoBodies final : public Bodies {
 public:
  bool take(std::size_t /*index*/, std::span<const std::byte> /*bytes*/) override { return true; }
  bool end(std::size_t /*index*/, bool /*is_whole*/) override { return true; }
};

class BodiesInOrder final : public Bodies {
 public:
  BodiesInOrder(std::size_t count, std::size_t most_waiting) : waiting_(count), ended_(count), most_(most_waiting) {}

  bool take(std::size_t index, std::span<const std::byte> bytes) override {
    if (index == turn_) {
      put(text_of(bytes));
      return true;
    }
    if (bytes.size() > most_ - std::min(most_, held_)) {
      problem_ =
          fmt::format("more than {} MiB came before its turn; write to files (--into), or ask for less at once (--parallel)",
                      most_ / (1024 * 1024));
      return false;
    }
    waiting_[index] += text_of(bytes);
    held_ += bytes.size();
    return true;
  }
  bool end(std::size_t index, bool /*is_whole*/) override {
    ended_[index] = true;
    while (turn_ < ended_.size() && ended_[turn_]) {
      if (++turn_ == ended_.size()) break;
      put(waiting_[turn_]);
      held_ -= waiting_[turn_].size();
      waiting_[turn_] = std::string();
    }
    flush();
    return true;
  }

 private:
  std::vector<std::string> waiting_;
  std::vector<bool> ended_;
  std::size_t most_;
  std::size_t held_ = 0;
  std::size_t turn_ = 0;
};

class BodiesInFiles final : public Bodies {
 public:
  explicit BodiesInFiles(std::vector<std::filesystem::path> paths) : paths_(std::move(paths)), files_(paths_.size()) {}
  ~BodiesInFiles() override {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (files_[i]) drop(i);
    }
  }

  bool take(std::size_t index, std::span<const std::byte> bytes) override {
    if (!open(index)) return false;
    while (!bytes.empty()) {
      const ssize_t written = ::write(files_[index]->get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(index, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool end(std::size_t index, bool is_whole) override {
    if (!is_whole) {
      if (files_[index]) drop(index);
      return true;
    }
    if (!open(index)) return false;
    if (::rename(part_of(index).c_str(), paths_[index].c_str()) != 0) return fail(index, errno);
    files_[index].reset();
    return true;
  }

 private:
  [[nodiscard]] std::string part_of(std::size_t index) const { return paths_[index].string() + ".part"; }
  bool open(std::size_t index) {
    if (files_[index]) return true;
    auto opened = core::open_file(part_of(index), O_WRONLY | O_CREAT | O_TRUNC);
    if (!opened) {
      problem_ = opened.error().message;
      return false;
    }
    files_[index] = std::move(*opened);
    return true;
  }
  bool fail(std::size_t index, int why) {
    problem_ = fmt::format("{}: {}", paths_[index].string(), std::strerror(why));
    drop(index);
    return false;
  }
  void drop(std::size_t index) {
    ::unlink(part_of(index).c_str());
    files_[index].reset();
  }

  std::vector<std::filesystem::path> paths_;
  std::vector<std::optional<core::Fd>> files_;  // those that have begun and not ended
};

}  // namespace

std::unique_ptr<Bodies> no_bodies() { return std::make_unique<NoBodies>(); }
std::unique_ptr<Bodies> bodies_in_order(std::size_t count, std::size_t most_waiting) {
  return std::make_unique<BodiesInOrder>(count, most_waiting);
}
std::unique_ptr<Bodies> bodies_in_files(std::vector<std::filesystem::path> paths) {
  return std::make_unique<BodiesInFiles>(std::move(paths));
}

std::vector<std::filesystem::path> file_names(const std::vector<std::string>& urls, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> names;
  std::set<std::string> taken;
  for (const std::string& url : urls) {
    std::string_view path = url;
    path = path.substr(0, path.find_first_of("?#"));
    path.remove_prefix(std::min(path.size(), path.find("//") + 2));
    const std::size_t slash = path.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    const bool is_name = !last.empty() && last != "." && last != "..";
    const std::string base(is_name ? last : "index.html");
    std::string name = base;
    for (unsigned number = 1; !taken.insert(name).second; ++number) name = fmt::format("{}.{}", base, number);
    names.push_back(folder / name);
  }
  return names;
}

}  // namespace uncork::cli
