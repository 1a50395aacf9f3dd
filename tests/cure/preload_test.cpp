// Which programs would load the library that merges writes, by what their files say.

#include "cure/preload.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::cure {
namespace {

using ::testing::HasSubstr;

const std::string kLoader = "/lib64/ld-linux-x86-64.so.2";

class Preload : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text, unsigned mode = 0755) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  /// An ELF file of headers alone, with the path of its loader, if it has one, and a note's text.
  std::string elf(const std::string& name, const std::string& loader, const std::string& note = "") {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    Elf64_Ehdr header{};
    self.read(reinterpret_cast<char*>(&header), sizeof header);
    header.e_phoff = sizeof header;
    header.e_phnum = 2;
    header.e_phentsize = sizeof(Elf64_Phdr);
    Elf64_Phdr first{};
    first.p_type = loader.empty() ? PT_LOAD : PT_INTERP;
    first.p_offset = sizeof header + 2 * sizeof first;
    first.p_filesz = loader.size() + 1;
    Elf64_Phdr second{};
    second.p_type = PT_NOTE;
    second.p_offset = first.p_offset + first.p_filesz;
    second.p_filesz = note.size();
    std::string text(sizeof header + 2 * sizeof first, '\0');
    std::memcpy(text.data(), &header, sizeof header);
    std::memcpy(text.data() + sizeof header, &first, sizeof first);
    std::memcpy(text.data() + sizeof header + sizeof first, &second, sizeof second);
    return file(name, text + loader + '\0' + note);
  }
  testing::ScratchDirectory folder_;
};

TEST_F(Preload, a_dynamic_program_and_a_script_of_one_are_preloaded) {
  EXPECT_EQ(why_not_preloaded("/proc/self/exe"), std::nullopt);
  EXPECT_EQ(why_not_preloaded(elf("dynamic", kLoader)), std::nullopt);
  EXPECT_EQ(why_not_preloaded(file("script", "#! /proc/self/exe -x\n")), std::nullopt);
}

TEST_F(Preload, the_others_say_why_not) {
  EXPECT_THAT(why_not_preloaded(elf("static", "")).value_or(""), HasSubstr("statically"));
  EXPECT_THAT(why_not_preloaded(elf("go", kLoader, std::string("\4\0\0\0\x53\0\0\0\4\0\0\0Go\0\0", 16))).value_or(""),
              HasSubstr("Go"));
  EXPECT_THAT(why_not_preloaded(elf("musl", "/lib/ld-musl-x86_64.so.1")).value_or(""), HasSubstr("another C library"));
  EXPECT_THAT(why_not_preloaded(file("script", "#!" + elf("of", "") + "\n")).value_or(""), HasSubstr("statically"));
  EXPECT_THAT(why_not_preloaded(file("text", "no program")).value_or(""), HasSubstr("not an ELF"));
  EXPECT_THAT(why_not_preloaded("/no/such/file").value_or(""), HasSubstr("cannot be read"));
  const std::string loop = folder_.path() + "/loop";
  EXPECT_THAT(why_not_preloaded(file("loop", "#!" + loop + "\n")).value_or(""), HasSubstr("nested"));
}

TEST_F(Preload, files_that_are_cut_anywhere_do_no_harm) {
  std::ifstream in(elf("whole", kLoader), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t size = 0; size < whole.size(); ++size)
    static_cast<void>(why_not_preloaded(file("cut", whole.substr(0, size))));
}

TEST_F(Preload, programs_are_found_as_execvp_finds_them) {
  const std::string path = file("program", "x");
  file("not-executable", "x", 0644);
  ::setenv("PATH", ("/no/such:" + folder_.path()).c_str(), 1);
  EXPECT_EQ(find_in_path("program"), path);
  EXPECT_EQ(find_in_path(path), path);
  EXPECT_EQ(find_in_path("not-executable"), std::nullopt);
  EXPECT_EQ(find_in_path("nothing"), std::nullopt);
}

}  // namespace
}  // namespace uncork::cure
