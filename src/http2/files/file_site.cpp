#include "http2/files/file_site.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "http2/files/byte_ranges.hpp"
#include "http2/files/entity_tag.hpp"
#include "http2/files/error_answer.hpp"
#include "http2/files/http_date.hpp"
#include "http2/files/media_type.hpp"
#include "http2/files/preconditions.hpp"

namespace uncork::http2 {
namespace {

using std::chrono::sys_seconds;

constexpr std::string_view kIndex = "index.html";

bool is_older(const struct stat& a, const struct stat& b) {
  return std::pair(a.st_mtim.tv_sec, a.st_mtim.tv_nsec) < std::pair(b.st_mtim.tv_sec, b.st_mtim.tv_nsec);
}

/// Last-Modified may not be later than Date (RFC 9110 8.8.2.1).
sys_seconds modified_of(const struct stat& status, sys_seconds now) {
  return std::min(sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec)), now);
}

std::string_view file_name_of(std::string_view name) { return name.substr(name.rfind('/') + 1); }

/// What is known of the chosen representation, and how its answer is made.
class Representation {
 public:
  Representation(const struct stat& status, const ContentCoding* coding, std::string_view type, Precompressed precompressed,
                 sys_seconds now)
      : size_(static_cast<std::uint64_t>(status.st_size)),
        tag_(entity_tag(status, coding != nullptr ? coding->name : std::string_view())),
        modified_(modified_of(status, now)),
        coding_(coding),
        type_(type),
        varies_(precompressed == Precompressed::served) {}

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Validators validators() const { return {tag_, modified_}; }

  /// 304 has what a cache is to update and nothing that describes a body (RFC 9110 15.4.5).
  [[nodiscard]] FileAnswer not_modified() const {
    FileAnswer answer;
    begin(answer, 304);
    return answer;
  }
  [[nodiscard]] FileAnswer whole() const {
    FileAnswer answer;
    begin(answer, 200);
    describe(answer, {0, size_});
    return answer;
  }
  /// After If-Range too all fields are sent, as most servers do, though RFC 9110 15.3.7 would rather have fewer of them.
  [[nodiscard]] FileAnswer part(const ByteRange& range) const {
    FileAnswer answer;
    begin(answer, 206);
    answer.response.add("content-range", "bytes " + std::to_string(range.offset) + '-' +
                                             std::to_string(range.offset + range.length - 1) + '/' + std::to_string(size_));
    describe(answer, range);
    return answer;
  }

 private:
  void begin(FileAnswer& answer, int status) const {
    answer.status = status;
    answer.response.add(":status", std::to_string(status));
    answer.response.add("etag", tag_);
    if (const std::string date = http_date(modified_); !date.empty()) answer.response.add("last-modified", date);
    // Also where there is no copy, or none was accepted: a cache must not give what is sent here to who accepts another.
    if (varies_) answer.response.add("vary", "accept-encoding");
  }
  void describe(FileAnswer& answer, const ByteRange& range) const {
    answer.offset = range.offset;
    answer.length = range.length;
    answer.response.add("content-type", type_);
    answer.response.add("content-length", std::to_string(range.length));
    if (coding_ != nullptr) answer.response.add("content-encoding", coding_->name);
    answer.response.add("accept-ranges", "bytes");
    answer.response.add("x-content-type-options", "nosniff");
  }

  std::uint64_t size_;
  std::string tag_;
  sys_seconds modified_;
  const ContentCoding* coding_;
  std::string_view type_;
  bool varies_;
};

FileAnswer answer_representation(const FileRequest& request, const Representation& representation, sys_seconds now) {
  const Validators validators = representation.validators();
  switch (judge_preconditions(request, validators, now)) {
    case Precondition::failed:
      return status_answer(412, request.method);
    case Precondition::not_modified:
      return representation.not_modified();
    case Precondition::holds:
      break;
  }
  if (!may_be_partial(request, validators, now)) return representation.whole();
  const RangeChoice choice = choose_range(*request.range, representation.size());
  if (choice.outcome == RangeOutcome::part) return representation.part(choice.part);
  if (choice.outcome == RangeOutcome::whole) return representation.whole();
  FileAnswer answer = status_answer(416, request.method);
  answer.response.add("content-range", "bytes */" + std::to_string(representation.size()));
  return answer;
}

}  // namespace

std::expected<FileSite, SiteError> FileSite::open(const std::string& root, SiteOptions options, OpenBeneath open_beneath) {
  auto folder = RootFolder::open(root, open_beneath);
  if (!folder) return std::unexpected(std::move(folder.error()));
  return FileSite(std::move(*folder), options);
}

FileAnswer FileSite::answer(const fields& fields, sys_seconds now) const {
  const FileRequest request = read_file_request(fields);
  if (request.method == FileMethod::other) return status_answer(405, request.method);
  TargetPath target = parse_target(request.path, options_.hidden);
  if (target.fault != TargetFault::none) return status_answer(status_of(target.fault), request.method);
  if (target.is_directory) target.name.append(target.name.empty() ? "" : "/").append(kIndex);
  auto file = root_.open(target.name.c_str());
  if (!file) return status_answer(status_of_open(file.error()), request.method);
  if (S_ISREG(file->status.st_mode)) return answer_file(request, target.name, std::move(*file), now);
  if (S_ISDIR(file->status.st_mode) && !target.is_directory) return answer_folder(request, target);
  return status_answer(404, request.method);
}

/// A folder without its slash: relative links of its index would lead astray. One without an index is as if it were not there.
FileAnswer FileSite::answer_folder(const FileRequest& request, const TargetPath& target) const {
  const auto index = root_.open((target.name + '/').append(kIndex).c_str());
  if (!index) return status_answer(status_of_open(index.error()), request.method);
  if (!S_ISREG(index->status.st_mode)) return status_answer(404, request.method);
  FileAnswer answer = status_answer(301, request.method);
  answer.response.add("location", directory_location(target));
  return answer;
}

FileAnswer FileSite::answer_file(const FileRequest& request, const std::string& name, OpenedFile file, sys_seconds now) const {
  const ContentCoding* coding = choose_copy(request, name, file);
  const Representation representation(file.status, coding, media_type(file_name_of(name)), options_.precompressed, now);
  FileAnswer answer = answer_representation(request, representation, now);
  if (request.method == FileMethod::head) {
    answer.offset = 0;
    answer.length = 0;
  }
  if (answer.length > 0) answer.file = std::move(file.descriptor);
  return answer;
}

/// Puts the best copy that there is in the place of `file`.
const ContentCoding* FileSite::choose_copy(const FileRequest& request, const std::string& name, OpenedFile& file) const {
  if (options_.precompressed == Precompressed::passed_over || !request.accept_encoding) return nullptr;
  const CodingOrder order = wanted_codings(*request.accept_encoding);
  for (const ContentCoding* coding : order.codings()) {
    auto copy = root_.open((name + std::string(coding->suffix)).c_str());
    if (!copy || !S_ISREG(copy->status.st_mode) || is_older(copy->status, file.status)) continue;
    file = std::move(*copy);
    return coding;
  }
  return nullptr;
}

}  // namespace uncork::http2
