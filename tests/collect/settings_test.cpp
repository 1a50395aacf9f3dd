// Settings from the file, the environment, and what each refuses.

#include "collect/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "collect/config_file.hpp"

namespace uncork::collect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  Settings settings;
  const Settings before = settings;
  const auto read = read_config(text, "c.toml", settings);
  EXPECT_EQ(settings, before) << "nothing of a file that is wrong";
  return read ? "" : read.error().message;
}

TEST(Config, takes_every_setting) {
  Settings settings;
  const std::string file =
      "interval = '2s'\njitter = 0.5\nclose-ups = '50ms'\nclose-up-share = 0.02\nnetns = 'a,b'\nfilter = 'lost > 1ms'\nbpf = "
      "'no'\nhostname = 'h'\nlocation = 'lab'\n"
      "label = 'l'\ntag = 't'\ndocker = '/d'\nlldpd = '/l'\nstore = '/s.db'\nkeep = '3d'\nkeep-bytes = '10MiB'\n"
      "spool = '/spool'\nspool-bytes = '2MiB'\nformat = 'jsonl'\notlp = 'http://o/'\nfields = 'pid'\ngrpc = "
      "'127.0.0.1:1'\ngrpc-token = '/t'\n"
      "grpc-cert = '/c'\ngrpc-key = '/k'\ngrpc-client-ca = '/a'\npage = 'none'\nsink = ['stdout', 'file:/x']\n";
  const auto read = read_config(file, "c.toml", settings);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(settings.interval, core::Micros(2'000'000));
  EXPECT_EQ(settings.jitter, 0.5);
  EXPECT_EQ(settings.close_ups, core::Micros(50'000));
  EXPECT_EQ(settings.close_up_share, 0.02);
  EXPECT_EQ(settings.filter, "lost > 1ms");
  EXPECT_EQ(settings.keep, core::Micros(std::int64_t{3} * 24 * 3600 * 1'000'000));
  EXPECT_EQ(settings.keep_bytes, 10U << 20U);
  EXPECT_EQ(settings.grpc + settings.grpc_token + settings.grpc_cert + settings.grpc_key + settings.grpc_client_ca,
            "127.0.0.1:1/t/c/k/a");
  EXPECT_THAT(settings.sinks, ElementsAre("stdout", "file:/x"));
  for (const Setting& setting : all_settings()) EXPECT_THAT("\n" + file, HasSubstr("\n" + std::string(setting.name) + " = "));
}

TEST(Config, says_file_line_and_key_of_what_is_wrong) {
  EXPECT_THAT(error_of("\ninterval = 'soon'"), HasSubstr("c.toml:2: interval 'soon'"));
  EXPECT_THAT(error_of("interval = '1ms'"), HasSubstr("c.toml:1: interval '1ms': at least 10"));
  EXPECT_THAT(error_of("tag = 't'\nintervall = '1s'"), HasSubstr("c.toml:2: intervall: no such setting; did you mean interval?"));
  EXPECT_THAT(error_of("interval = ['1s']"), HasSubstr("c.toml:1: interval: one value is wanted, not a list"));
  EXPECT_THAT(error_of("tag = true"), HasSubstr("c.toml:1: tag: a text or a number is wanted"));
  EXPECT_THAT(error_of("tag = 't"), HasSubstr("c.toml:1: "));
  EXPECT_THAT(error_of("jitter = 1.5"), HasSubstr("jitter '1.5': a share"));
  EXPECT_THAT(error_of("jitter = nan"), HasSubstr("jitter"));
  EXPECT_THAT(error_of("close-ups = '5ms'"), HasSubstr("close-ups '5ms': at least 10"));
  EXPECT_THAT(error_of("close-up-share = 0"), HasSubstr("close-up-share '0': a share of a processor"));
  EXPECT_THAT(error_of("page = '7553'"), HasSubstr("page '7553': an address and port such as 127.0.0.1:7553"));
  EXPECT_THAT(error_of("keep = '0d'"), HasSubstr("keep '0d'"));
  EXPECT_THAT(error_of("keep-bytes = 7"), HasSubstr("at least 1 MiB"));
  EXPECT_THAT(error_of("format = 'xml'"), HasSubstr("one of "));
  EXPECT_THAT(error_of("fields = 'pid,nothing'"), HasSubstr("'nothing' at character 5 is no field"));
  EXPECT_THAT(error_of("sink = [{to = 'x'}]"), HasSubstr("c.toml:1: sink"));
  EXPECT_THAT(error_of("tag = \"a\\u0000b\""), HasSubstr("zero byte"));
  EXPECT_THAT(error_of("tag = 'a\xff'"), HasSubstr("c.toml:1: this is no UTF-8"));
  EXPECT_THAT(error_of(" [=st"), HasSubstr("c.toml:1: "));
  EXPECT_THAT(error_of("tag = 't'\nlabel = \u00e9t\u00e9"), HasSubstr("c.toml:2: "));
  EXPECT_THAT(error_of("tag = \"\"\"x\"\"\"\"\u00e9"), HasSubstr("c.toml:1: "));
}

TEST(Config, letters_beyond_ascii_stand_in_texts_and_comments) {
  Settings settings;
  const auto read = read_config(
      "# caf\u00e9\ntag = 'caf\u00e9 100%41' # \u00fc\nlabel = \"\"\"\nw\\\n  \u00f6\"rld\"\"\"\nlocation = \"\\\"\u00e9\"\n",
      "c.toml", settings);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(settings.tag, "caf\u00e9 100%41");
  EXPECT_EQ(settings.label, "w\u00f6\"rld");
  EXPECT_EQ(settings.location, "\"\u00e9");
}

TEST(Config, of_a_file_that_is_not_there_says_so) {
  Settings settings;
  const auto read = read_config_file("/nowhere/uncork.toml", settings);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message, HasSubstr("/nowhere/uncork.toml"));
}

const std::map<std::string, const char*> kEnvironment = {
    {"UNCORK_COLLECT_KEEP_BYTES", "2GB"}, {"UNCORK_COLLECT_SINK", "stdout,tcp:127.0.0.1:9000"}, {"UNCORK_COLLECT_TAG", "a,b"}};
const char* from_map(const char* name) {
  const auto found = kEnvironment.find(name);
  return found == kEnvironment.end() ? nullptr : found->second;
}

TEST(Environment, is_taken_in_by_the_settings_names) {
  Settings settings;
  ASSERT_TRUE(read_environment(from_map, settings).has_value());
  EXPECT_EQ(settings.keep_bytes, 2'000'000'000U);
  EXPECT_THAT(settings.sinks, ElementsAre("stdout", "tcp:127.0.0.1:9000"));
  EXPECT_EQ(settings.tag, "a,b") << "only lists are cut at commas";
}

TEST(Environment, names_the_variable_that_is_wrong) {
  Settings settings;
  const auto read = read_environment(
      [](const char* name) -> const char* { return std::string_view(name) == "UNCORK_COLLECT_JITTER" ? "much" : nullptr; },
      settings);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message, HasSubstr("UNCORK_COLLECT_JITTER: jitter 'much'"));
}

TEST(Bytes, are_read_with_their_units) {
  EXPECT_EQ(parse_bytes("x", "12"), 12U);
  EXPECT_EQ(parse_bytes("x", "3KiB"), 3072U);
  EXPECT_EQ(parse_bytes("x", "3KB"), 3000U);
  for (const char* text : {"", "KB", "-1", "1.5GB", "1 GB", "1kb", "99999999999GB", "18446744073709551616"})
    EXPECT_FALSE(parse_bytes("x", text).has_value()) << text;
}

}  // namespace
}  // namespace uncork::collect
