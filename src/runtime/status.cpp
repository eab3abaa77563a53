#include "runtime/status.h"

#include <array>
#include <cctype>

#include "runtime/handles.h"

namespace onda::runtime {
namespace {

constexpr std::size_t kMaxText = 2000;

bool is_source_suffix(std::string_view word) {
  constexpr std::array<std::string_view, 6> suffixes = {".cc:", ".h:", ".hpp:", ".cpp:", ".cu:", ".inc:"};
  for (const auto suffix : suffixes) {
    const auto at = word.rfind(suffix);
    if (at == std::string_view::npos) continue;
    const auto digits = word.substr(at + suffix.size());
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos) return true;
  }
  return false;
}

/// The place behind a function's signature, "void a::F(const b<c>&, int) const [with T = int] ", or 0 when
/// there is none.
std::size_t behind_signature(std::string_view text) {
  const auto open = text.find('(');
  if (open == std::string_view::npos) return 0;
  int depth = 0;
  std::size_t at = open;
  for (; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) break;
  }
  if (at == text.size()) return 0;
  ++at;
  for (const std::string_view qualifier : {" const", " mutable", " noexcept"}) {
    if (text.substr(at).starts_with(qualifier)) at += qualifier.size();
  }
  if (text.substr(at).starts_with(" [with ")) {
    const auto close = text.find("] ", at);
    if (close != std::string_view::npos) at = close + 1;
  }
  // "F(int)::<lambda(…)> text": a local function's name goes on.
  if (text.substr(at).starts_with("::")) return at + behind_signature(text.substr(at));
  if (text.substr(at).starts_with(">")) ++at;
  return at;
}

}  // namespace

void AllocatedReleaser::operator()(void* memory) const noexcept {
  if (OrtStatus* status = api->AllocatorFree(allocator, memory)) api->ReleaseStatus(status);
}

ErrorCode to_error_code(OrtErrorCode code) noexcept {
  switch (code) {
    case ORT_OK:
    case ORT_FAIL:
    case ORT_ENGINE_ERROR:
    case ORT_RUNTIME_EXCEPTION:
      return ErrorCode::internal;
    case ORT_INVALID_ARGUMENT:
      return ErrorCode::invalid_argument;
    case ORT_NO_SUCHFILE:
    case ORT_NO_MODEL:
    case ORT_NOT_FOUND:
      return ErrorCode::not_found;
    case ORT_INVALID_PROTOBUF:
      return ErrorCode::data_loss;
    case ORT_MODEL_LOADED:
      return ErrorCode::already_exists;
    case ORT_NOT_IMPLEMENTED:
    case ORT_INVALID_GRAPH:
      return ErrorCode::unimplemented;
    case ORT_EP_FAIL:
    case ORT_DEVICE_RESET:
      return ErrorCode::unavailable;
    case ORT_MODEL_LOAD_CANCELED:
      return ErrorCode::cancelled;
    case ORT_MODEL_REQUIRES_COMPILATION:
      return ErrorCode::failed_precondition;
  }
  return ErrorCode::internal;
}

std::string without_source(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kMaxText) {
    const auto blank = text.find_first_of(" \n\r\t");
    const auto word = text.substr(0, blank);
    // "failed:/src/graph.cc:12": what stands before the path stays.
    const auto slash = word.find('/');
    if (is_source_suffix(word)) {
      if (slash != std::string_view::npos && slash > 0) out.append(word.substr(0, slash)).push_back(' ');
      text.remove_prefix(blank == std::string_view::npos ? text.size() : blank);
      text.remove_prefix(behind_signature(text));
    } else {
      out.append(word);
      text.remove_prefix(word.size());
      if (!text.empty()) out.push_back(' ');
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
      text.remove_prefix(1);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() > kMaxText) out.resize(kMaxText);
  return out;
}

Failure take(const OrtApi& api, OrtStatus* status) {
  const std::unique_ptr<OrtStatus, Releaser<&OrtApi::ReleaseStatus>> owned(status, {&api});
  Failure failure;
  failure.code = api.GetErrorCode(status);
  failure.text = without_source(api.GetErrorMessage(status));
  return failure;
}

void discard(const OrtApi& api, OrtStatus* status) noexcept {
  if (status != nullptr) api.ReleaseStatus(status);
}

void check(const OrtApi& api, OrtStatus* status, const char* doing) {
  if (status == nullptr) return;
  const Failure failure = take(api, status);
  throw Error(to_error_code(failure.code), std::string(doing) + ": " + failure.text);
}

}  // namespace onda::runtime
