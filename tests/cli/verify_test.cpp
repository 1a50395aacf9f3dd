// uncork verify, run as its user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;

class Verify : public ::testing::Test {
 protected:
  /// Writes rows of these numbers to a file, and gives its path.
  std::string file_of(const std::string& name, const std::vector<int>& numbers, const std::string& behind = "") const {
    std::string path = folder_.path() + "/" + name;
    std::ofstream file(path);
    for (const int number : numbers) {
      file << R"({"timestampNs":)" << 1000 + number << R"(,"bootId":"b","sequence":1,"rowNumber":)" << number << "}\n";
    }
    file << behind;
    return path;
  }

 private:
  const cure::testing::ScratchDirectory folder_;
};

TEST_F(Verify, says_that_files_are_whole) {
  const Finished whole = run_program({"verify", file_of("a", {1, 2, 3}), file_of("b", {4, 5})});
  EXPECT_EQ(whole.exit, 0);
  EXPECT_EQ(whole.out, "boot b: 5 rows, numbers 1 to 5\nwhole: 5 rows in 2 files, 0 rows missing\n");
}

TEST_F(Verify, names_what_is_missing_with_file_and_byte) {
  const std::string path = file_of("a", {1, 2, 5, 3, 1});
  const Finished gap = run_program({"verify", path});
  EXPECT_EQ(gap.exit, 1);
  EXPECT_THAT(gap.out, HasSubstr("  missing   1 row (4), before " + path + ", byte 122\n"));
  EXPECT_THAT(gap.out, HasSubstr("  late      1 row (3), from " + path));
  EXPECT_THAT(gap.out, HasSubstr("  again     1 row (1), from " + path));
  EXPECT_THAT(gap.out, HasSubstr("not whole: 5 rows in 1 file, 1 row missing\n"));
  const Finished json = run_program({"verify", path, "--json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, HasSubstr(R"("gaps":[{"file":")" + path + R"(","first":4,"last":4,"offset":122}])"));
}

TEST_F(Verify, a_cut_tail_counts_unless_a_later_file_goes_on) {
  const std::string cut = file_of("a", {1, 2}, R"({"bootId":"b","rowNum)");
  EXPECT_EQ(run_program({"verify", cut, file_of("b", {3})}).exit, 0);
  const Finished last = run_program({"verify", cut});
  EXPECT_EQ(last.exit, 1);
  EXPECT_THAT(last.out, HasSubstr("cut off   " + cut + ", byte 122\n"));
  EXPECT_THAT(last.out, HasSubstr("the last file ends in the middle of one"));
}

TEST_F(Verify, what_cannot_be_read_is_named) {
  const Finished none = run_program({"verify", "/nosuch"});
  EXPECT_EQ(none.exit, 3);
  EXPECT_THAT(none.err, HasSubstr("open /nosuch"));
  const std::string text = file_of("a", {}, "some text that is no row\n");
  const Finished wrong = run_program({"verify", text});
  EXPECT_EQ(wrong.exit, 3);
  EXPECT_THAT(wrong.err, HasSubstr(text + ": byte 0: the rows are neither jsonl nor protobufList"));
  const Finished unnumbered = run_program({"verify", file_of("b", {}, "{\"pid\":1}\n")});
  EXPECT_EQ(unnumbered.exit, 3);
  EXPECT_THAT(unnumbered.err, HasSubstr("no boot_id and sequence"));
  EXPECT_EQ(run_program({"verify"}).exit, 2);
}

}  // namespace
}  // namespace uncork::cli
