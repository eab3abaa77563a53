#include "protocol/grpc_reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "onda/error.h"
#include "protocol/grpc_service.pb.h"
#include "protocol/health.pb.h"
#include "protocol/reflection.pb.h"

namespace onda::protocol {
namespace {

namespace reflection = grpc::reflection::v1alpha;

constexpr int kNotFound = 5;
constexpr int kUnimplemented = 12;

using Files = std::vector<const google::protobuf::FileDescriptor*>;

/// The files of our services; what else happens to be linked is nobody's business.
Files service_files() {
  return {inference::ModelInferRequest::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file(),
          reflection::ServerReflectionRequest::descriptor()->file()};
}

void add_with_imports(const google::protobuf::FileDescriptor* file, Files& to) {
  if (std::find(to.begin(), to.end(), file) != to.end()) return;
  to.push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) add_with_imports(file->dependency(i), to);
}

Files known_files() {
  Files files;
  for (const auto* file : service_files()) add_with_imports(file, files);
  return files;
}

void answer_file(const google::protobuf::FileDescriptor* file, const std::string& asked,
                 reflection::ServerReflectionResponse& to) {
  const Files known = known_files();
  if (file == nullptr || std::find(known.begin(), known.end(), file) == known.end()) {
    to.mutable_error_response()->set_error_code(kNotFound);
    to.mutable_error_response()->set_error_message("there is no " + asked);
    return;
  }
  Files all;
  add_with_imports(file, all);
  for (const auto* one : all) {
    google::protobuf::FileDescriptorProto proto;
    one->CopyTo(&proto);
    to.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  }
}

void answer_services(reflection::ListServiceResponse& to) {
  for (const auto* file : service_files()) {
    for (int i = 0; i < file->service_count(); ++i) to.add_service()->set_name(file->service(i)->full_name());
  }
}

}  // namespace

std::string answer_reflection(Slices slices) {
  std::string bytes;
  for (const auto slice : slices) bytes.append(reinterpret_cast<const char*>(slice.data()), slice.size());
  reflection::ServerReflectionRequest request;
  if (!request.ParseFromString(bytes)) {
    throw Error(ErrorCode::invalid_argument, "the request is not a valid " + request.GetTypeName());
  }
  const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
  reflection::ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case reflection::ServerReflectionRequest::kListServices:
      answer_services(*response.mutable_list_services_response());
      break;
    case reflection::ServerReflectionRequest::kFileByFilename:
      answer_file(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(), response);
      break;
    case reflection::ServerReflectionRequest::kFileContainingSymbol:
      answer_file(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                  request.file_containing_symbol(), response);
      break;
    default:
      response.mutable_error_response()->set_error_code(kUnimplemented);
      response.mutable_error_response()->set_error_message(
          "only services, files and symbols are known: the messages have no extensions");
      break;
  }
  return response.SerializeAsString();
}

}  // namespace onda::protocol
