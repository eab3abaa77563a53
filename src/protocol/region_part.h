#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "onda/tensor.h"
#include "protocol/decoded_inference.h"
#include "protocol/raw_tensor.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// Where in which region, as a client says it.
struct AskedRegion {
  std::string_view name;
  std::uint64_t offset = 0;
  std::uint64_t byte_size = 0;
};

/// Throws not_found for an unknown region and invalid_argument for a part that leaves it.
[[nodiscard]] RegionPart find_region_part(const serving::SharedMemoryRegions& regions,
                                          const AskedRegion& asked);

/// Copies a tensor out of shared memory, which its owner may change at any time, and checks the copy. Throws
/// as `read_raw_tensor`, and what the region throws; nothing is allocated for a size that does not fit the
/// shape.
[[nodiscard]] TensorView read_region_tensor(const RegionPart& part, const RawTensorType& type,
                                            const RawTensorOf& of, DecodedStorage& storage);

}  // namespace onda::protocol
