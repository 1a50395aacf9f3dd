#pragma once
// The descriptors of everything that is served, as protoc made them of the .proto files when this was built.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::rpc {

/// Files of protobuf and what is defined in them. Its views are valid as long as the bytes that it was made of.
class Descriptors {
 public:
  /// Of a FileDescriptorSet. What is none has no files.
  explicit Descriptors(std::string_view set);
  /// Those of this program.
  [[nodiscard]] static const Descriptors& built_in();

  /// A FileDescriptorProto; empty: there is none of that name.
  [[nodiscard]] std::string_view file(std::string_view name) const;
  /// The file that defines a message, enum, service or method of that full name, likewise.
  [[nodiscard]] std::string_view file_with(std::string_view symbol) const;
  /// Full names, sorted.
  [[nodiscard]] const std::vector<std::string>& services() const { return services_; }

 private:
  void take_file(std::string_view file);
  void take_message(std::string_view message, const std::string& scope, std::string_view file);
  void take_service(std::string_view service, const std::string& scope, std::string_view file);

  std::map<std::string, std::string_view, std::less<>> files_;
  std::map<std::string, std::string_view, std::less<>> symbols_;
  std::vector<std::string> services_;
};

}  // namespace uncork::rpc
