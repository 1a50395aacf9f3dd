#include "http2/files/error_answer.hpp"

#include <cerrno>
#include <string>

namespace uncork::http2 {
namespace {

std::string_view text_of(int status) {
  switch (status) {
    case 301:
      return "301 Moved Permanently\n";
    case 400:
      return "400 Bad Request\n";
    case 403:
      return "403 Forbidden\n";
    case 404:
      return "404 Not Found\n";
    case 405:
      return "405 Method Not Allowed\n";
    case 412:
      return "412 Precondition Failed\n";
    case 414:
      return "414 URI Too Long\n";
    case 416:
      return "416 Range Not Satisfiable\n";
    case 503:
      return "503 Service Unavailable\n";
    default:
      return "500 Internal Server Error\n";
  }
}

}  // namespace

FileAnswer status_answer(int status, FileMethod method) {
  const std::string_view text = text_of(status);
  FileAnswer answer;
  answer.status = status;
  answer.response.add(":status", text.substr(0, 3));
  answer.response.add("content-type", "text/plain; charset=utf-8");
  answer.response.add("content-length", std::to_string(text.size()));
  answer.response.add("x-content-type-options", "nosniff");
  if (status == 405) answer.response.add("allow", "GET, HEAD");
  if (status == 503) answer.response.add("retry-after", "1");
  if (method != FileMethod::head) answer.text = text;
  return answer;
}

int status_of(TargetFault fault) {
  switch (fault) {
    case TargetFault::malformed:
      return 400;
    case TargetFault::too_long:
      return 414;
    case TargetFault::none:
    case TargetFault::no_file:
      break;
  }
  return 404;
}

int status_of_open(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return 403;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EXDEV:  // it would lead out of the root
    case ENXIO:  // a socket, or a device that is not there
    case ENODEV:
      return 404;
    case EAGAIN:  // a lease to be broken, or names that change too fast
    case EINTR:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    default:
      return 500;
  }
}

}  // namespace uncork::http2
