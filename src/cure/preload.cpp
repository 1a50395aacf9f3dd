#include "cure/preload.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

namespace fs = std::filesystem;

/// As installed, and as built: relative to the folder of the program.
constexpr std::array<const char*, 2> kPlaces = {UNCORK_MERGE_INSTALLED, "../cure/merge/libuncork_merge.so"};
constexpr int kMostInterpreters = 4;  // of scripts that name scripts, as the kernel allows
constexpr std::size_t kMostHeaders = 128;

bool can_run(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

bool read_at(const core::Fd& file, std::uint64_t at, void* into, std::size_t bytes) {
  return ::pread(file.get(), into, bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes);
}

/// What is written behind `#!`; empty: it is no script.
std::string interpreter(const core::Fd& file) {
  std::array<char, 256> head{};
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  const std::string_view text(head.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (!text.starts_with("#!")) return "";
  const std::size_t first = text.find_first_not_of(" \t", 2);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_first_of(" \t\n", first) - first));
}

/// Whether a note or a section says that Go's linker made it (its runtime makes system calls by itself, whatever it links).
bool is_go(const core::Fd& file, const Elf64_Phdr& notes) {
  std::vector<char> text(std::min<std::uint64_t>(notes.p_filesz, 4096));
  if (!read_at(file, notes.p_offset, text.data(), text.size())) return false;
  const std::string_view all(text.data(), text.size());
  return all.find(std::string_view("Go\0\0", 4)) != std::string_view::npos;
}

/// Whether the loader that the program asks for is glibc's, as it is called on every machine (ld-linux*.so.N, ld64.so.N).
bool is_glibc(const core::Fd& file, const Elf64_Phdr& loader) {
  std::string path(std::min<std::uint64_t>(loader.p_filesz, 4096), '\0');
  if (!read_at(file, loader.p_offset, path.data(), path.size())) return false;
  const std::string name = fs::path(path.c_str()).filename();
  return name.starts_with("ld-linux") || name.starts_with("ld64.so");
}

std::optional<std::string> why_not_elf(const core::Fd& file) {
  Elf64_Ehdr header{};
  if (!read_at(file, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return "it is not an ELF program";
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return "it is a program of 32 bits, and the library has 64";
  Elf64_Ehdr ours{};
  const auto self = core::open_file("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (self && read_at(*self, 0, &ours, sizeof ours) && ours.e_machine != header.e_machine) return "it is for another machine";
  bool dynamic = false;
  bool glibc = false;
  bool go = false;
  for (std::size_t i = 0; i < header.e_phnum && i < kMostHeaders; ++i) {
    Elf64_Phdr program{};
    if (!read_at(file, header.e_phoff + i * header.e_phentsize, &program, sizeof program)) break;
    if (program.p_type == PT_INTERP) dynamic = true, glibc = is_glibc(file, program);
    if (program.p_type == PT_NOTE) go = go || is_go(file, program);
  }
  if (!dynamic) return "it is linked statically";
  if (!glibc) return "it uses another C library than glibc";
  if (go) return "it is a Go program, which goes around the C library";
  return {};
}

/// ld.so(8): LD_PRELOAD is split at spaces and colons.
core::Result<std::string> loadable(const std::string& path) {
  if (path.find_first_of(" :") == std::string::npos) return path;
  return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                "LD_PRELOAD cannot name the library that merges writes: there is a space or a colon in " + path});
}

}  // namespace

core::Result<std::string> merging_library() {
  std::error_code failed;
  const fs::path self = fs::read_symlink("/proc/self/exe", failed);
  std::string looked;
  for (const char* place : kPlaces) {
    const fs::path path = (self.parent_path() / place).lexically_normal();
    if (fs::exists(path, failed)) return loadable(path.string());
    looked += (looked.empty() ? "" : " and ") + path.string();
  }
  return core::fail(core::Error{core::ErrorCode::not_found, 0, "the library that merges writes is not installed: no " + looked});
}

std::optional<std::string> find_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return can_run(program) ? std::optional(program) : std::nullopt;
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable;
  while (true) {
    const std::size_t end = folders.find(':');
    const std::string_view folder = folders.substr(0, end);
    const fs::path path = fs::path(folder.empty() ? "." : folder) / program;
    if (can_run(path)) return path.string();
    if (end == std::string_view::npos) return {};
    folders.remove_prefix(end + 1);
  }
}

std::optional<std::string> why_not_preloaded(const std::string& path) {
  std::string at = path;
  for (int i = 0; i < kMostInterpreters; ++i) {
    const auto file = core::open_file(at, O_RDONLY | O_CLOEXEC);
    if (!file) return "it cannot be read";
    struct stat status{};
    if (::fstat(file->get(), &status) != 0) return "it cannot be read";
    const std::string next = interpreter(*file);
    if (!next.empty()) {
      at = next;
      continue;
    }
    const bool other_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid();
    const bool other_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid();
    if (other_user || other_group) return "it is setuid or setgid, and the loader ignores LD_PRELOAD";
    if (::geteuid() != 0 && ::fgetxattr(file->get(), "security.capability", nullptr, 0) > 0) {
      return "it has file capabilities, and the loader ignores LD_PRELOAD";
    }
    return why_not_elf(*file);
  }
  return "its interpreters are nested too deeply";
}

}  // namespace uncork::cure
