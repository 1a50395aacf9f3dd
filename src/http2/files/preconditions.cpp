#include "http2/files/preconditions.hpp"

#include "http2/files/entity_tag.hpp"
#include "http2/files/http_date.hpp"

namespace uncork::http2 {
namespace {

using std::chrono::sys_seconds;

bool is_unchanged_enough(const FileRequest& request, const Validators& ours, sys_seconds now) {
  if (request.if_match) return tags_match(*request.if_match, ours.tag, TagComparison::strong);
  if (!request.if_unmodified_since) return true;
  const auto date = parse_http_date(*request.if_unmodified_since, now);
  return !date || ours.modified <= *date;  // what is no date must be ignored (RFC 9110 13.1.4)
}

bool has_what_we_have(const FileRequest& request, const Validators& ours, sys_seconds now) {
  if (request.if_none_match) return tags_match(*request.if_none_match, ours.tag, TagComparison::weak);
  if (!request.if_modified_since) return false;
  const auto date = parse_http_date(*request.if_modified_since, now);
  return date && ours.modified <= *date;
}

}  // namespace

Precondition judge_preconditions(const FileRequest& request, const Validators& ours, sys_seconds now) {
  if (!is_unchanged_enough(request, ours, now)) return Precondition::failed;
  return has_what_we_have(request, ours, now) ? Precondition::not_modified : Precondition::holds;
}

bool may_be_partial(const FileRequest& request, const Validators& ours, sys_seconds now) {
  if (request.method != FileMethod::get || !request.range) return false;
  if (!request.if_range) return true;
  if (const auto date = parse_http_date(*request.if_range, now)) return *date == ours.modified && ours.modified < now;
  return is_same_tag(*request.if_range, ours.tag, TagComparison::strong);
}

}  // namespace uncork::http2
