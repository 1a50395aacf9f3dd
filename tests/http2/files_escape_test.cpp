// Attempts to get at what is not beneath the root, or is no file.

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/http2/files_folder.hpp"

namespace uncork::http2 {
namespace {

namespace fs = std::filesystem;

class FileEscape : public FileSiteTest {
 protected:
  void SetUp() override {
    folder_.write("in/a.txt", "inside");
    std::ofstream(folder_.base() / "secret") << "secret";
    fs::create_directory(folder_.base() / "root-too");
    std::ofstream(folder_.base() / "root-too" / "secret") << "secret";
  }
  void link(const fs::path& to, const char* name) const { fs::create_symlink(to, folder_.root() / name); }
};

TEST_F(FileEscape, by_path_gets_nothing) {
  for (const char* path : {"/../secret",
                           "/in/../../secret",
                           "/in/../a.txt",
                           "/..",
                           "/../",
                           "/%2e%2e/secret",
                           "/%2E%2E%2Fsecret",
                           "/..%2fsecret",
                           "/in%2fa.txt",
                           "/in/..%2f..%2fsecret",
                           "/.%2e/secret",
                           "/%2e./secret",
                           "/%252e%252e/secret",
                           "/%252e%252e%252fsecret",
                           "/..%252fsecret",
                           "/%c0%ae%c0%ae/secret",
                           "/%c0%ae%c0%ae%c0%afsecret",
                           "/..%c0%afsecret",
                           "/%e0%80%ae%e0%80%ae/secret",
                           "/..\\secret",
                           "/..%5csecret",
                           "/\\..\\secret",
                           "/%5c..%5csecret",
                           "//secret",
                           "//etc/passwd",
                           "/%2fetc%2fpasswd",
                           "///etc/passwd",
                           "/../root-too/secret",
                           "/in/./a.txt",
                           "/in//a.txt",
                           "/..;/secret",
                           "/....//secret",
                           "/.../secret",
                           "/%uff0e%uff0e/secret",
                           "/..%00/secret",
                           "/in/a.txt%00.html",
                           "/%00",
                           "/../../../../../../../../etc/passwd",
                           "/~root/",
                           "/proc/self/environ",
                           "/in/a.txt/../../../secret",
                           "http://a/../secret",
                           "secret",
                           "*",
                           ""}) {
    const FileAnswer answer = get(path);
    EXPECT_TRUE(answer.status == 404 || answer.status == 400) << path << " " << answer.status;
    EXPECT_FALSE(answer.file) << path;
  }
  EXPECT_EQ(body_of(get("/in/a.txt")), "inside");
}

TEST_F(FileEscape, by_symbolic_link_gets_nothing) {
  link("../secret", "up");
  link("../../secret", "in/up");
  link(folder_.base() / "secret", "absolute");
  link(folder_.base(), "folder");
  link("..", "parent");
  link("/", "everything");
  link("../root-too", "sibling");
  link("/proc/self/root", "magic");
  link("/proc/self/environ", "environment");
  link("loop", "loop");
  link("up", "twice");
  link("nothing", "dangling");
  link(folder_.root() / "in", "absolute-within");  // an absolute link starts at the machine's root, wherever it ends
  for (const char* path : {"/up", "/in/up", "/absolute", "/folder/secret", "/parent/secret", "/everything/etc/passwd",
                           "/sibling/secret", "/magic/etc/passwd", "/environment", "/loop", "/loop/a", "/twice", "/dangling",
                           "/absolute-within/a.txt", "/parent", "/everything"}) {
    const FileAnswer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_FALSE(answer.file) << path;
  }
}

TEST_F(FileEscape, is_no_name_for_links_that_stay_inside) {
  link("in/a.txt", "a");
  link("in/../in/a.txt", "b");
  link("../in", "in/self");
  EXPECT_EQ(body_of(get("/a")), "inside");
  EXPECT_EQ(body_of(get("/b")), "inside");
  EXPECT_EQ(body_of(get("/in/self/a.txt")), "inside");
}

TEST_F(FileEscape, by_magic_links_of_proc_gets_nothing) {
  const auto proc = FileSite::open("/proc/self");
  ASSERT_TRUE(proc) << proc.error().message;
  for (const char* path : {"/exe", "/root/etc/passwd", "/cwd/", "/fd/0", "/fd/1"}) {
    EXPECT_EQ(proc->answer(request_of("GET", path), kAsked).status, 404) << path;
  }
  EXPECT_EQ(proc->answer(request_of("GET", "/stat"), kAsked).status, 200);
}

TEST_F(FileEscape, what_is_no_regular_file_is_not_served_and_blocks_nobody) {
  ASSERT_EQ(::mkfifo((folder_.root() / "fifo").c_str(), 0666), 0);
  ASSERT_EQ(::mkfifo((folder_.root() / "in/index.html").c_str(), 0666), 0);
  ASSERT_EQ(::mkfifo((folder_.root() / "in/a.txt.gz").c_str(), 0666), 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder_.root() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const char* path : {"/fifo", "/socket", "/in/", "/in"}) EXPECT_EQ(get(path).status, 404) << path;
  EXPECT_EQ(body_of(get("/in/a.txt", {{"accept-encoding", "gzip"}})), "inside");
  ::close(listener);
}

TEST_F(FileEscape, devices_are_not_served) {
  const auto devices = FileSite::open("/dev");
  ASSERT_TRUE(devices) << devices.error().message;
  for (const char* path : {"/null", "/zero", "/tty"}) {
    const FileAnswer answer = devices->answer(request_of("GET", path), kAsked);
    EXPECT_TRUE(answer.status == 404 || answer.status == 403) << path;  // 403 where only another may open it
    EXPECT_FALSE(answer.file) << path;
  }
}

TEST_F(FileEscape, the_root_is_the_folder_that_was_opened_and_not_its_name) {
  const FileSite opened = site();
  fs::rename(folder_.root(), folder_.base() / "moved");
  fs::create_directories(folder_.root() / "in");
  std::ofstream(folder_.root() / "in/a.txt") << "another";
  EXPECT_EQ(body_of(opened.answer(request_of("GET", "/in/a.txt"), kAsked)), "inside");
}

}  // namespace
}  // namespace uncork::http2
