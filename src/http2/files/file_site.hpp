#pragma once
// Serves the files of one folder to GET and HEAD, in either version of HTTP: the part without a connection.

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "http2/files/content_coding.hpp"
#include "http2/files/file_answer.hpp"
#include "http2/files/file_request.hpp"
#include "http2/files/root_folder.hpp"
#include "http2/files/target_path.hpp"
#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

enum class Precompressed : bool { passed_over, served };

struct SiteOptions {
  HiddenFiles hidden = HiddenFiles::refused;
  /// Whether FILE.br, FILE.zst and FILE.gz stand for FILE with who accepts them. They must be as new as FILE.
  Precompressed precompressed = Precompressed::served;
};

/// Files beneath a root, with types, validators, ranges and precompressed copies; index.html for a folder, no listings. Symbolic
/// links are followed as long as they lead nowhere out of the root. A request costs an open and an fstat, and an open for each
/// copy that is wanted and not there. They do not wait for other processes; a disk that has to be asked they do wait for. Any
/// number of threads may call answer() at once. Moves; the destructor closes the root.
class FileSite {
 public:
  [[nodiscard]] static std::expected<FileSite, SiteError> open(const std::string& root, SiteOptions options = {},
                                                               OpenBeneath open_beneath = &open_beneath_with_kernel);

  /// `request` has passed judge_request() or its like in HTTP/1.1. `now` is the time of the server's `date`.
  [[nodiscard]] FileAnswer answer(const fields& request, std::chrono::sys_seconds now) const;

 private:
  FileSite(RootFolder root, SiteOptions options) : root_(std::move(root)), options_(options) {}

  [[nodiscard]] FileAnswer answer_file(const FileRequest& request, const std::string& name, OpenedFile file,
                                       std::chrono::sys_seconds now) const;
  [[nodiscard]] FileAnswer answer_folder(const FileRequest& request, const TargetPath& target) const;
  const ContentCoding* choose_copy(const FileRequest& request, const std::string& name, OpenedFile& file) const;

  RootFolder root_;
  SiteOptions options_;
};

}  // namespace uncork::http2
