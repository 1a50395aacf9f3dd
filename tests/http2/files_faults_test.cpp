// What the kernel refuses: no right, no descriptors, no such system call.

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cerrno>

#include "tests/http2/files_folder.hpp"

namespace uncork::http2 {
namespace {

class FileFaults : public FileSiteTest {};

/// A site whose every open but the first, which is FileSite::open's own, fails with this errno.
template <int kError>
FileAnswer answer_when_open_fails(const Folder& folder) {
  const OpenBeneath failing = [](int root, const char* name) {
    if (std::string_view(name) == ".") return open_beneath_with_kernel(root, name);
    errno = kError;
    return -1;
  };
  const auto site = FileSite::open(folder.root().string(), {}, failing);
  if (!site) throw std::runtime_error(site.error().message);
  return site->answer(request_of("GET", "/a.txt"), kAsked);
}

TEST_F(FileFaults, of_open_have_a_status_each) {
  folder_.write("a.txt", "x");
  EXPECT_EQ(answer_when_open_fails<EACCES>(folder_).status, 403);
  EXPECT_EQ(answer_when_open_fails<EPERM>(folder_).status, 403);
  EXPECT_EQ(answer_when_open_fails<ENOENT>(folder_).status, 404);
  EXPECT_EQ(answer_when_open_fails<ENOTDIR>(folder_).status, 404);
  EXPECT_EQ(answer_when_open_fails<ELOOP>(folder_).status, 404);
  EXPECT_EQ(answer_when_open_fails<EXDEV>(folder_).status, 404);
  EXPECT_EQ(answer_when_open_fails<ENAMETOOLONG>(folder_).status, 404);
  EXPECT_EQ(answer_when_open_fails<EMFILE>(folder_).status, 503);
  EXPECT_EQ(answer_when_open_fails<ENFILE>(folder_).status, 503);
  EXPECT_EQ(answer_when_open_fails<EIO>(folder_).status, 500);
}

TEST_F(FileFaults, that_may_pass_are_tried_again_and_not_for_ever) {
  folder_.write("a.txt", "x");
  EXPECT_EQ(answer_when_open_fails<EINTR>(folder_).status, 503);
  const FileAnswer busy = answer_when_open_fails<EAGAIN>(folder_);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(header(busy, "retry-after"), "1");
  static int failures;
  failures = 3;
  const OpenBeneath at_the_fourth = [](int root, const char* name) {
    if (failures-- <= 0) return open_beneath_with_kernel(root, name);
    errno = EAGAIN;
    return -1;
  };
  const auto site = FileSite::open(folder_.root().string(), {}, at_the_fourth);
  ASSERT_TRUE(site);
  failures = 3;
  EXPECT_EQ(site->answer(request_of("GET", "/a.txt"), kAsked).status, 200);
}

TEST_F(FileFaults, a_kernel_without_openat2_is_refused_and_named) {
  const OpenBeneath none = [](int, const char*) {
    errno = ENOSYS;
    return -1;
  };
  const auto site = FileSite::open(folder_.root().string(), {}, none);
  ASSERT_FALSE(site);
  EXPECT_EQ(site.error().code.value(), ENOSYS);
  EXPECT_THAT(site.error().message, testing::HasSubstr("openat2 beneath " + folder_.root().string() + " (Linux 5.6"));
}

TEST_F(FileFaults, a_root_that_is_no_folder_is_refused_and_named) {
  folder_.write("a.txt", "x");
  const auto file = FileSite::open((folder_.root() / "a.txt").string());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code.value(), ENOTDIR);
  EXPECT_EQ(file.error().message, "open " + (folder_.root() / "a.txt").string() + ": Not a directory");
  EXPECT_EQ(FileSite::open((folder_.root() / "none").string()).error().code.value(), ENOENT);
  EXPECT_EQ(FileSite::open("").error().code.value(), ENOENT);
  EXPECT_EQ(FileSite::open(std::string("/\0etc", 5)).error().code.value(), EINVAL);
}

TEST_F(FileFaults, a_file_that_we_may_not_read_is_forbidden) {
  folder_.write("a.txt", "x");
  std::filesystem::permissions(folder_.root() / "a.txt", std::filesystem::perms::none);
  std::filesystem::permissions(folder_.base(), std::filesystem::perms::all);
  const FileSite opened = site();
  const uid_t self = ::geteuid();
  ASSERT_EQ(::seteuid(self == 0 ? 65534 : self), 0);  // root may read everything
  const int status = opened.answer(request_of("GET", "/a.txt"), kAsked).status;
  ASSERT_EQ(::seteuid(self), 0);
  EXPECT_EQ(status, 403);
}

TEST_F(FileFaults, without_a_descriptor_left_the_service_is_unavailable) {
  folder_.write("a.txt", "x");
  const FileSite opened = site();
  const fields request = request_of("GET", "/a.txt");
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{0, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const int status = opened.answer(request, kAsked).status;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_EQ(status, 503);
}

TEST_F(FileFaults, names_longer_than_the_kernel_has_are_not_found) {
  EXPECT_EQ(get("/" + std::string(256, 'a')).status, 404);
  std::string deep;
  for (int i = 0; i < 3000; ++i) deep += "/a";
  EXPECT_EQ(get(deep).status, 404);
  EXPECT_EQ(get("/" + std::string(kLongestTarget, 'a')).status, 414);
  folder_.write(std::string(255, 'a'), "x");  // none can have a copy
  EXPECT_EQ(get("/" + std::string(255, 'a'), {{"accept-encoding", "br"}}).status, 200);
}

TEST_F(FileFaults, no_answer_leaves_a_descriptor_behind) {
  folder_.write("a.txt", "x");
  folder_.write("a.txt.gz", "x");
  folder_.write("d/index.html", "x");
  const FileSite opened = site();
  const auto next_free = [] {
    const int descriptor = ::dup(0);
    ::close(descriptor);
    return descriptor;
  };
  const int before = next_free();
  for (const char* path : {"/a.txt", "/d", "/d/", "/none", "/..", "/"}) {
    for (const char* method : {"GET", "HEAD", "PUT"}) {
      (void)opened.answer(request_of(method, path, {{"accept-encoding", "br, gzip"}, {"range", "bytes=0-"}}), kAsked);
      EXPECT_EQ(next_free(), before) << method << " " << path;
    }
  }
}

}  // namespace
}  // namespace uncork::http2
