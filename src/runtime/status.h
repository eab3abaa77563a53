#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <string_view>

#include "onda/error.h"

namespace onda::runtime {

/// The one table from ONNX Runtime's codes to ours. ORT_FAIL, which covers almost anything, is `internal`;
/// callers that know better decide by what they checked before, never by the text.
[[nodiscard]] ErrorCode to_error_code(OrtErrorCode code) noexcept;

/// What a failed call said: its code and its text without source files, lines and function names, on one
/// line, bounded in length.
struct Failure {
  OrtErrorCode code = ORT_OK;
  std::string text;
};

/// Reads and releases `status`, which must not be null.
[[nodiscard]] Failure take(const OrtApi& api, OrtStatus* status);

/// Releases a failed status that nobody needs.
void discard(const OrtApi& api, OrtStatus* status) noexcept;

/// Does nothing for null; otherwise releases the status and throws, with "`doing`: " in front of the text.
void check(const OrtApi& api, OrtStatus* status, const char* doing);

/// "…/graph.cc:12 void onnxruntime::F(int) text" becomes "text". For messages of ONNX Runtime alone.
[[nodiscard]] std::string without_source(std::string_view text);

}  // namespace onda::runtime
