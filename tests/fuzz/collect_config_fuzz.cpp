// Configurations of a collector: any text is taken as a whole, or refused by file and line, and then nothing of it is followed;
// what the environment says likewise.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collect/config_file.hpp"
#include "collect/settings.hpp"
#include "core/error.hpp"

using namespace uncork;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  collect::Settings settings;
  settings.tag = "before";
  const collect::Settings before = settings;
  const auto read = collect::read_config(text, "fuzz.toml", settings);
  if (!read) {
    UNCORK_ASSERT(read.error().code == core::ErrorCode::invalid_argument && read.error().message.starts_with("fuzz.toml:"));
    UNCORK_ASSERT(settings == before);
  }
  // The first byte chooses a setting, the others are its value, as on the command line.
  if (text.empty()) return 0;
  const auto all = collect::all_settings();
  const collect::Setting& setting = all[static_cast<std::uint8_t>(text[0]) % all.size()];
  settings = before;
  if (!setting.take(text.substr(1), settings)) UNCORK_ASSERT(settings == before);
  return 0;
}
