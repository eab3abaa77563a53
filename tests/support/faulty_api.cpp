#include "support/faulty_api.h"

#include <atomic>

namespace onda::test {
namespace {

const OrtApi* real_api = nullptr;
std::atomic<int> count{0};
std::atomic<int> failing{0};
std::atomic<const char*> failed_name{nullptr};

OrtStatus* fault(const char* name) noexcept {
  if (count.fetch_add(1) + 1 != failing.load()) return nullptr;
  failed_name = name;
  return real_api->CreateStatus(ORT_FAIL, "this call was made to fail");
}

/// Forwards one entry of the table; `Name` is a type that knows the entry's name, the second argument only
/// tells the entry's type.
template <class Name, auto Member, class... Arguments>
void count_entry(OrtApi& table, OrtStatus* (*)(Arguments...) noexcept) {
  table.*Member = [](Arguments... arguments) noexcept -> OrtStatus* {
    if (OrtStatus* status = fault(Name::value)) return status;
    return (real_api->*Member)(arguments...);
  };
}

}  // namespace

// Every entry that returns a status and is used in src/runtime.
// The formatter finds no end on lists of macros.
// clang-format off
#define ONDA_COUNTED_CALLS(X) \
  X(AddExternalInitializersFromFilesInMemory) X(AddFreeDimensionOverrideByName) X(AddSessionConfigEntry) \
  X(CastTypeInfoToTensorInfo) X(CreateCpuMemoryInfo) X(CreateEnvWithOptions) X(CreateRunOptions) \
  X(CreateSession) X(CreateSessionFromArray) X(CreateSessionOptions) X(CreateTensorAsOrtValue) \
  X(CreateTensorWithDataAsOrtValue) X(DisableCpuMemArena) X(DisableMemPattern) X(EnableCpuMemArena) \
  X(EnableMemPattern) X(EnableProfiling) X(GetAllocatorWithDefaultOptions) X(GetAvailableProviders) \
  X(GetDimensions) X(GetDimensionsCount) X(GetOnnxTypeFromTypeInfo) \
  X(GetResizedStringTensorElementBuffer) X(GetStringTensorContent) X(GetStringTensorDataLength) \
  X(GetSymbolicDimensions) X(GetTensorElementType) X(GetTensorMutableData) X(GetTensorTypeAndShape) \
  X(GetValueType) X(ModelMetadataGetCustomMetadataMapKeys) X(ModelMetadataGetDescription) \
  X(ModelMetadataGetDomain) X(ModelMetadataGetGraphName) X(ModelMetadataGetProducerName) \
  X(ModelMetadataGetVersion) X(ModelMetadataLookupCustomMetadataMap) X(RegisterAllocator) X(Run) \
  X(RunOptionsSetRunLogSeverityLevel) X(SessionGetInputCount) X(SessionGetInputName) \
  X(SessionGetInputTypeInfo) X(SessionGetModelMetadata) X(SessionGetOutputCount) X(SessionGetOutputName) \
  X(SessionGetOutputTypeInfo) X(SessionGetOverridableInitializerCount) \
  X(SessionGetOverridableInitializerName) X(SessionGetOverridableInitializerTypeInfo) \
  X(SetInterOpNumThreads) X(SetIntraOpNumThreads) X(SetOptimizedModelFilePath) \
  X(SetSessionExecutionMode) X(SetSessionGraphOptimizationLevel) X(SetSessionLogSeverityLevel)
// clang-format on

// Those that cannot fail, or whose failure has no consequence (a flag that ends a run, memory given back).
// The formatter finds no end on lists of macros.
// clang-format off
#define ONDA_PLAIN_CALLS(X) \
  X(AddKeyValuePair) X(AllocatorFree) X(CreateKeyValuePairs) X(CreateStatus) X(GetBuildInfoString) \
  X(GetEpApi) X(GetErrorCode) X(GetErrorMessage) X(GetKeyValue) X(ReleaseAvailableProviders) \
  X(ReleaseCUDAProviderOptions) X(ReleaseEnv) X(ReleaseKeyValuePairs) X(ReleaseMemoryInfo) \
  X(ReleaseModelMetadata) X(ReleaseRunOptions) X(ReleaseSession) X(ReleaseSessionOptions) \
  X(ReleaseStatus) X(ReleaseTensorTypeAndShapeInfo) X(ReleaseTypeInfo) X(ReleaseValue) \
  X(RunOptionsSetTerminate) X(TensorTypeAndShape_HasShape)
// clang-format on

namespace {
#define ONDA_NAME(name)                         \
  struct name##Name {                           \
    static constexpr const char* value = #name; \
  };
ONDA_COUNTED_CALLS(ONDA_NAME)
#undef ONDA_NAME
}  // namespace

FaultyApi::FaultyApi(const OrtApi& real) {
  real_api = &real;
  fail_call(0);
#define ONDA_COUNT(name) count_entry<name##Name, &OrtApi::name>(table_, real.name);
  ONDA_COUNTED_CALLS(ONDA_COUNT)
#undef ONDA_COUNT
#define ONDA_COPY(name) table_.name = real.name;
  ONDA_PLAIN_CALLS(ONDA_COPY)
#undef ONDA_COPY
}

FaultyApi::~FaultyApi() { fail_call(0); }

void FaultyApi::fail_call(int n) noexcept {
  count = 0;
  failing = n;
  failed_name = nullptr;
}

int FaultyApi::calls() const noexcept { return count; }

const char* FaultyApi::failed() const noexcept { return failed_name; }

}  // namespace onda::test
