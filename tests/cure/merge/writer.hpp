#pragma once
// Writes on one connection, by every call and from everywhere that a program may write.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <random>

namespace uncork::cure::testing {

/// Byte `at` of connection `id`.
[[nodiscard]] constexpr unsigned char byte_at(unsigned id, std::uint64_t at) {
  std::uint64_t mixed = (at + 1) * 0x9E3779B97F4A7C15ULL ^ (id * 0xBF58476D1CE4E5B9ULL);
  mixed ^= mixed >> 29;
  return static_cast<unsigned char>(mixed * 0x94D049BB133111EBULL >> 56);
}

[[noreturn]] void fail(const char* what);

using Random = std::mt19937;
[[nodiscard]] inline unsigned draw(Random& random, unsigned below) { return static_cast<unsigned>(random() % below); }

/// What has been written so far on a connection. One thread.
class Writer {
 public:
  Writer(int fd, unsigned id, std::uint64_t at, unsigned seed, const char* self)
      : fd_(fd), id_(id), at_(at), random_(seed), self_(self) {}

  /// Some bytes, by some call, in some process or thread, or a socket option; they are all in the kernel when it returns.
  void step();
  /// `count` bytes by one of the plain calls.
  void write_all(std::size_t count);
  /// A wait of some kind, or none.
  void wait();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] Random& random() { return random_; }

 private:
  void from_child(std::size_t count);
  void from_program(std::size_t count, bool vforked);
  void from_thread(std::size_t count);
  void from_handler(std::size_t count);
  void from_file(std::size_t count);
  void through_stdio(std::size_t count);
  void through_another_number(std::size_t count);
  void as_something_else();
  void set_options();

  int fd_;
  unsigned id_;
  std::uint64_t at_;
  Random random_;
  const char* self_;
};

}  // namespace uncork::cure::testing
