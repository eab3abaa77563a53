#include "bench/session/watched_api.h"

#include "bench/session/allocation_counter.h"

namespace onda::bench {
namespace {

const OrtApi* real_api = nullptr;
OrtSession* created_last = nullptr;

// The types of the table's functions carry [[nodiscard]]-like attributes, which no template argument keeps.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"

/// `call` is the table's function `Member`, run as uncounted.
template <auto Member, class Function = decltype(Member)>
struct Inside;
template <auto Member, class Result, class... Arguments, bool NoExcept>
struct Inside<Member, Result (*OrtApi::*)(Arguments...) noexcept(NoExcept)> {
  static Result call(Arguments... arguments) noexcept {
    const Uncounted inside;
    return (real_api->*Member)(arguments...);
  }
};

template <auto... Members>
void watch(OrtApi& table, bool on) noexcept {
  ((table.*Members = on ? &Inside<Members>::call : real_api->*Members), ...);
}

OrtStatus* create_session(const OrtEnv* env, const ORTCHAR_T* path, const OrtSessionOptions* options,
                          OrtSession** session) noexcept {
  OrtStatus* status = real_api->CreateSession(env, path, options, session);
  if (status == nullptr) created_last = *session;
  return status;
}

OrtStatus* create_session_from_array(const OrtEnv* env, const void* bytes, std::size_t size,
                                     const OrtSessionOptions* options, OrtSession** session) noexcept {
  OrtStatus* status = real_api->CreateSessionFromArray(env, bytes, size, options, session);
  if (status == nullptr) created_last = *session;
  return status;
}

}  // namespace

WatchedApi::WatchedApi(const OrtApi& real) : table_(real) {
  real_api = &real;
  table_.CreateSession = &create_session;
  table_.CreateSessionFromArray = &create_session_from_array;
}

OrtSession* WatchedApi::last_session() noexcept { return created_last; }

void WatchedApi::watch_allocations(bool on) noexcept {
  watch<&OrtApi::Run, &OrtApi::CreateTensorWithDataAsOrtValue, &OrtApi::CreateTensorAsOrtValue,
        &OrtApi::ReleaseValue, &OrtApi::GetValueType, &OrtApi::GetTensorTypeAndShape,
        &OrtApi::ReleaseTensorTypeAndShapeInfo, &OrtApi::GetTensorElementType, &OrtApi::GetDimensionsCount,
        &OrtApi::GetDimensions, &OrtApi::GetTensorMutableData, &OrtApi::CreateRunOptions,
        &OrtApi::ReleaseRunOptions>(table_, on);
}

}  // namespace onda::bench

#pragma GCC diagnostic pop
