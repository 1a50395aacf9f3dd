// The cases of tests/data/field as they are in the program.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "core/syscall.hpp"
#include "lab/field/field.hpp"

namespace uncork::lab::field {
namespace {

TEST(FieldCases, every_file_is_a_case_of_the_program_and_is_named_after_it) {
  const auto built_in = built_in_cases();
  ASSERT_TRUE(built_in) << built_in.error().message;
  std::set<std::string> names;
  for (const Script& script : *built_in) names.insert(script.parsed.name);
  EXPECT_EQ(names.size(), built_in->size());
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(UNCORK_SOURCE "/tests/data/field")) {
    files.insert(entry.path().stem());
    const auto text = core::read_file(entry.path());
    ASSERT_TRUE(text) << text.error().message;
    const auto script = read_script(*text);
    ASSERT_TRUE(script) << entry.path() << ": " << script.error().message;
    EXPECT_EQ(script->parsed.name, entry.path().stem());
    EXPECT_FALSE(script->parsed.title.empty()) << entry.path();
    EXPECT_TRUE(text->starts_with("# ")) << entry.path() << ": say where it comes from";
  }
  EXPECT_EQ(files, names);
}

}  // namespace
}  // namespace uncork::lab::field
