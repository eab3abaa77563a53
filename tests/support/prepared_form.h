#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "onda/runtime.h"
#include "runtime/environment.h"
#include "runtime/library.h"
#include "runtime/prepared_form.h"

namespace onda::test {

inline constexpr std::array kPreparedForms = {runtime::PreparedForm::ort, runtime::PreparedForm::external};

/// The end of a test's name.
[[nodiscard]] inline std::string name_of(runtime::PreparedForm form) {
  return form == runtime::PreparedForm::ort ? "OrtForm" : "ExternalForm";
}

/// Models of this size and more take the external form: all of them, or none.
[[nodiscard]] inline std::uint64_t external_form_bytes(runtime::PreparedForm form) {
  return form == runtime::PreparedForm::external ? 0 : std::numeric_limits<std::uint64_t>::max();
}

/// A runtime that prepares every model in that form, whatever its size.
[[nodiscard]] inline Runtime runtime_preparing(runtime::PreparedForm form,
                                               const RuntimeOptions& options = {}) {
  return Runtime(runtime::Environment::create(runtime::Library::open(options.library), options,
                                              external_form_bytes(form)));
}

}  // namespace onda::test
