#pragma once

#include <onnxruntime_c_api.h>

#include <memory>

namespace onda::runtime {

/// Releases an ONNX Runtime object through the function table that made it.
template <auto Release>
struct Releaser {
  const OrtApi* api = nullptr;
  template <class T>
  void operator()(T* object) const noexcept {
    (api->*Release)(object);
  }
};

template <class T, auto Release>
using Handle = std::unique_ptr<T, Releaser<Release>>;

using SessionHandle = Handle<OrtSession, &OrtApi::ReleaseSession>;
using SessionOptionsHandle = Handle<OrtSessionOptions, &OrtApi::ReleaseSessionOptions>;
using RunOptionsHandle = Handle<OrtRunOptions, &OrtApi::ReleaseRunOptions>;
using ValueHandle = Handle<OrtValue, &OrtApi::ReleaseValue>;
using MemoryInfoHandle = Handle<OrtMemoryInfo, &OrtApi::ReleaseMemoryInfo>;
using TypeInfoHandle = Handle<OrtTypeInfo, &OrtApi::ReleaseTypeInfo>;
using ShapeInfoHandle = Handle<OrtTensorTypeAndShapeInfo, &OrtApi::ReleaseTensorTypeAndShapeInfo>;
using ModelMetadataHandle = Handle<OrtModelMetadata, &OrtApi::ReleaseModelMetadata>;
using KeyValuePairsHandle = Handle<OrtKeyValuePairs, &OrtApi::ReleaseKeyValuePairs>;
using CudaOptionsHandle = Handle<OrtCUDAProviderOptionsV2, &OrtApi::ReleaseCUDAProviderOptions>;

/// Memory that ONNX Runtime hands to the caller to free: names, metadata.
struct AllocatedReleaser {
  const OrtApi* api = nullptr;
  OrtAllocator* allocator = nullptr;
  void operator()(void* memory) const noexcept;
};
template <class T>
using Allocated = std::unique_ptr<T, AllocatedReleaser>;

}  // namespace onda::runtime
