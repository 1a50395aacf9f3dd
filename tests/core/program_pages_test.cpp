#include "core/program_pages.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>

namespace uncork::core {
namespace {

/// Of this process, pages of files, in KiB.
long of_files() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  }
  return -1;
}

int counted = 7;                                                            // written to
constexpr std::array<const char*, 3> kRelocated = {"one", "two", "three"};  // written to by the loader

TEST(ProgramPages, are_fewer_afterwards_and_as_they_were) {
  const auto throws = [] { throw std::string("thrown"); };
  ++counted;
  EXPECT_THROW(throws(), std::string);  // tables for unwinding
  const long before = of_files();
  give_back_program_pages();
  const long after = of_files();
  EXPECT_LT(after, before);
  EXPECT_EQ(counted, 8);
  EXPECT_STREQ(kRelocated[2], "three");
  EXPECT_THROW(throws(), std::string);
}

}  // namespace
}  // namespace uncork::core
