#include "protocol/region_part.h"

#include <string>

#include "onda/error.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {

RegionPart find_region_part(const serving::SharedMemoryRegions& regions, const AskedRegion& asked) {
  RegionPart part{regions.find(asked.name), asked.offset, asked.byte_size};
  const std::uint64_t size = part.region->byte_size();
  if (asked.offset >= size) {
    throw Error(ErrorCode::invalid_argument,
                "Invalid offset for shared memory region: " + quoted_name(asked.name) + ": " +
                    std::to_string(asked.offset) + " in " + std::to_string(size) + " bytes");
  }
  if (asked.byte_size > size - asked.offset) {
    throw Error(ErrorCode::invalid_argument,
                "Invalid offset + byte size for shared memory region: " + quoted_name(asked.name) + ": " +
                    std::to_string(asked.offset) + " + " + std::to_string(asked.byte_size) + " in " +
                    std::to_string(size) + " bytes");
  }
  return part;
}

TensorView read_region_tensor(const RegionPart& part, const RawTensorType& type, const RawTensorOf& of,
                              DecodedStorage& storage) {
  if (type.dtype != DType::string) {
    const std::size_t expected = byte_size_of(of.input, type.dtype, element_count_of(of.input, type.shape));
    if (part.byte_size != expected) {
      throw Error(ErrorCode::invalid_argument, "input byte size mismatch for input " + quoted_name(of.input) +
                                                   " for model " + quoted_name(of.model) + ". Expected " +
                                                   std::to_string(expected) + ", got " +
                                                   std::to_string(part.byte_size));
    }
  }
  const auto copy = storage.allocate(part.byte_size);
  part.region->read(part.offset, copy);
  return read_raw_tensor(copy, type, of, storage);
}

}  // namespace onda::protocol
