#pragma once
// Serves one file over HTTP/1.1 by async_transmit_file: the program that is measured against nginx.

#include <functional>
#include <string>

#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::lab {

struct FileServerOptions {
  core::Endpoint listen;
  std::string file;
};

/// Answers every request with the file, whatever it asks for, one connection after the other with keep-alive, until killed.
[[nodiscard]] core::Status run_file_server(const FileServerOptions& options,
                                           const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
