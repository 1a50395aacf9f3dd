#pragma once
// Where gRPC is served, and what that asks for.

#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::rpc {

/// A value. A Unix socket if `path` is not empty.
struct Address {
  std::string path;
  core::Endpoint endpoint;

  bool operator==(const Address&) const = default;
};

/// `unix:/run/uncork/grpc.sock`, `127.0.0.1:8889`, or several with commas between them; `none` or nothing: nowhere. Errors name
/// the one that is wrong.
[[nodiscard]] core::Result<std::vector<Address>> parse_addresses(std::string_view text);
[[nodiscard]] std::string to_string(const Address& address);

/// How clients are told from others: paths of files, empty: none.
struct Security {
  std::string token;  ///< what clients bring
  std::string certificate, key;
  std::string client_ca;  ///< whose certificates clients show
};

/// Whoever may call can change the collector's settings: beyond this machine only with TLS, and a token or certificates of
/// clients. Errors say what is missing for which address.
[[nodiscard]] core::Status check_security(const std::vector<Address>& addresses, const Security& security);

/// The text of a file without what white space is around it; 16 visible characters at least.
[[nodiscard]] core::Result<std::string> read_token(const std::string& path);

/// A Unix socket, bound, for its owner and its group (0660). Its file goes with it.
class LocalSocket {
 public:
  /// A file that is there is replaced if it is a socket at which nobody answers. Errors name the path.
  [[nodiscard]] static core::Result<LocalSocket> bind(const std::string& path);
  LocalSocket(LocalSocket&&) noexcept;
  LocalSocket& operator=(LocalSocket&&) = delete;
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;
  /// Removes the file, unless another one has taken its place.
  ~LocalSocket();

  [[nodiscard]] int release() { return socket_.release(); }

 private:
  LocalSocket(core::Fd socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {}
  core::Fd socket_;
  std::string path_;
  unsigned long inode_ = 0;
};

}  // namespace uncork::rpc
