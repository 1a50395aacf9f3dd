#include "cli/zino/message.hpp"

#include "cli/zino/log_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace uncork::cli {
namespace {

constexpr std::size_t kLongest = 1024 * 1024;  // what our server takes

}  // namespace

void add_message(const Verb& verb, std::string& message) {
  verb.add_option("-m,--message", message, "Add this text (default: standard input)").type_name("TEXT");
}

core::Result<std::string> read_message(const std::string& given) {
  std::string text = given;
  if (text.empty()) {
    if (::isatty(STDIN_FILENO) == 1) log_line("write the text; end it with Ctrl-D on a line of its own:");
    std::array<char, 4096> chunk{};
    for (std::size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), stdin)) > 0 && text.size() <= kLongest;) {
      text.append(chunk.data(), got);
    }
  }
  if (text.size() > kLongest) return core::fail(core::invalid_argument("the text is longer than 1 MiB"));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return core::fail(core::invalid_argument("no text; give --message TEXT or write it to standard input"));
  }
  return text;
}

}  // namespace uncork::cli
