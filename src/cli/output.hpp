#pragma once
// The one way to standard output, and to standard error: what cannot be written is never taken for success, nor for our fault.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace uncork::cli {

/// Thrown when standard output takes no more, so that a verb ends in order wherever it is; caught by main alone, which ends
/// quietly when the reader has closed its pipe and else says what failed (exit 3).
struct OutputLost {
  int system_errno = 0;
};

/// Gives each of the three standard descriptors that is closed a stand-in, so that no socket or file that is opened later takes
/// its place: input is empty, error is discarded, and what is written to output fails as it must. Before anything else is opened.
void keep_standard_descriptors();

/// To standard output as it is: JSON, escape sequences. Buffered; throws OutputLost.
void put(std::string_view text);
/// The same with a newline behind it.
void put_line(std::string_view text);
/// Hands on what is buffered; throws OutputLost. main does this at the end of every verb.
void flush();

/// To standard error, at once; never fails, since nobody could be told.
void put_error(std::string_view text) noexcept;

/// Text for people to standard output; on a terminal its lines are broken between words to fit. Throws OutputLost.
void print_text(std::string_view text);
template <typename... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(fmt::format(format, std::forward<Args>(args)...));
}

/// The same, and of 80 columns where there is no terminal: for verdicts and reports, which people read in files too.
void print_page(std::string_view text);

/// The same to standard error: for verbs that run a command, whose standard output is.
void say_page(std::string_view text) noexcept;

/// Text for people to standard error.
template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  put_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace uncork::cli
