#include "tensor/tensor_proto.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sample_files.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"
#include "support/tensor_matchers.h"

namespace onda::tensor {
namespace {

using test::same_tensor;
using test::sample;
using test::throws_error;

// A message from its bytes: literals with embedded NULs need their length.
template <std::size_t Size>
std::vector<std::byte> message(const char (&text)[Size]) {
  const auto bytes = std::as_bytes(std::span(text, Size - 1));
  return {bytes.begin(), bytes.end()};
}

template <std::size_t Size>
testing::AssertionResult refuses(const char (&text)[Size], ErrorCode code, std::string_view part = {}) {
  return throws_error([&] { return read_tensor_proto(message(text)).tensor; }, code, part);
}

TEST(TensorProto, RawDataAndTypedFieldsAreTheSame) {
  for (const DType dtype : all_dtypes()) {
    if (dtype == DType::string) continue;
    const std::string name(to_string(dtype));
    const NamedTensorProto raw = read_tensor_proto(sample(name + "_raw.pb"));
    const NamedTensorProto typed = read_tensor_proto(sample(name + "_typed.pb"));
    EXPECT_EQ(raw.name, name);
    EXPECT_EQ(raw.tensor.dtype(), dtype);
    EXPECT_EQ(raw.tensor.element_count(), test::is_in_numpy(dtype) ? 30U : 15U);
    EXPECT_TRUE(same_tensor(raw.tensor, typed.tensor));
  }
}

TEST(TensorProto, WritesTheBytesThatOnnxWrites) {
  for (const DType dtype : all_dtypes()) {
    const auto file = sample(std::string(to_string(dtype)) + "_raw.pb");
    const NamedTensorProto read = read_tensor_proto(file);
    EXPECT_EQ(write_tensor_proto(read.tensor, read.name), file) << to_string(dtype);
  }
}

TEST(TensorProto, RoundTripsEveryDType) {
  for (const DType dtype : all_dtypes()) {
    for (const Shape& shape : {Shape(), Shape{0}, Shape{7}, Shape{2, 1, 3}, Shape{1, 1, 1, 1, 1, 1, 1, 2}}) {
      const Tensor tensor = test::patterned(dtype, shape);
      const NamedTensorProto read = read_tensor_proto(write_tensor_proto(tensor));
      EXPECT_TRUE(same_tensor(read.tensor, tensor));
      EXPECT_EQ(read.name, "");
    }
  }
}

TEST(TensorProto, ReadsValuesAsTheyWere) {
  const Tensor integers = read_tensor_proto(sample("int8_typed.pb")).tensor;
  EXPECT_EQ(integers.shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(integers.as<std::int8_t>()[0], -128);
  EXPECT_EQ(integers.as<std::int8_t>()[1], 127);
  EXPECT_EQ(integers.as<std::int8_t>()[3], 7);
  const Tensor packed = read_tensor_proto(sample("int4_typed.pb")).tensor;
  EXPECT_EQ(packed.bytes()[0], std::byte{0x98}) << "-8 in the low half, -7 in the high one";
  EXPECT_EQ(read_tensor_proto(sample("string_raw.pb")).tensor.strings()[3], "寸法");
}

TEST(TensorProto, ReadsSingleAndPackedValuesMixedInAnyOrder) {
  // float_data 1.5 single, then [2.5] packed, data type, dims packed.
  const Tensor floats =
      read_tensor_proto(message("\x25\x00\x00\xC0\x3F\x22\x04\x00\x00\x20\x40\x10\x01\x0A\x02\x01\x02"))
          .tensor;
  EXPECT_EQ(floats.shape(), (Shape{1, 2}));
  EXPECT_EQ(floats.as<float>()[0], 1.5F);
  EXPECT_EQ(floats.as<float>()[1], 2.5F);
  // int64_data 1 and 300 single, then [2] packed.
  const Tensor integers =
      read_tensor_proto(message("\x08\x03\x10\x07\x38\x01\x38\xAC\x02\x3A\x01\x02")).tensor;
  EXPECT_EQ(integers.as<std::int64_t>()[1], 300);
  EXPECT_EQ(integers.as<std::int64_t>()[2], 2);
}

TEST(TensorProto, BooleansAreZeroOrOneAndUnusedBitsZero) {
  const Tensor raw = read_tensor_proto(message("\x08\x02\x10\x09\x4A\x02\x07\x00")).tensor;
  EXPECT_EQ(raw.bytes()[0], std::byte{1});
  const Tensor typed = read_tensor_proto(message("\x08\x02\x10\x09\x2A\x02\x07\x00")).tensor;
  EXPECT_TRUE(same_tensor(raw, typed));
  EXPECT_EQ(read_tensor_proto(message("\x08\x01\x10\x16\x4A\x01\xF3")).tensor.bytes()[0], std::byte{0x03});
}

TEST(TensorProto, UnknownFieldsAndDocumentationArePassedOver) {
  EXPECT_EQ(read_tensor_proto(message("\x62\x02hi\x10\x01\x4A\x04\x00\x00\x80\x3F\x98\x06\x01"))
                .tensor.as<float>()[0],
            1.0F);
}

TEST(TensorProto, RefusesWhatIsNoWholeTensor) {
  EXPECT_TRUE(throws_error([] { return read_tensor_proto(sample("refused_external.pb")).tensor; },
                           ErrorCode::unimplemented, "another file"));
  EXPECT_TRUE(throws_error([] { return read_tensor_proto(sample("refused_sequence.pb")).tensor; },
                           ErrorCode::unimplemented, "sequence"));
  EXPECT_TRUE(refuses("\x10\x01\x1A\x00", ErrorCode::unimplemented, "segments"));
  EXPECT_TRUE(refuses("\x10\x01\x70\x01", ErrorCode::unimplemented, "another file"));
  EXPECT_TRUE(refuses("", ErrorCode::data_loss, "no data type"));
  EXPECT_TRUE(refuses("\x10\x00", ErrorCode::data_loss, "undefined"));
  EXPECT_TRUE(refuses("\x10\x63", ErrorCode::unimplemented, "99"));
  EXPECT_TRUE(refuses("\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", ErrorCode::unimplemented, "-1"));
}

TEST(TensorProto, RefusesDataThatDoNotFillTheShape) {
  EXPECT_TRUE(refuses("\x10\x01", ErrorCode::data_loss, "needs 1 values, it has 0"));
  EXPECT_TRUE(refuses("\x08\x02\x10\x01\x4A\x04\x00\x00\x80\x3F", ErrorCode::data_loss,
                      "float32 [2] needs 8 bytes, it has 4"));
  EXPECT_TRUE(
      refuses("\x08\x02\x10\x07\x3A\x03\x01\x02\x03", ErrorCode::data_loss, "needs 2 values, it has 3"));
  EXPECT_TRUE(
      refuses("\x08\x02\x10\x08\x32\x01"
              "a",
              ErrorCode::data_loss, "needs 2 values, it has 1"));
  EXPECT_TRUE(
      refuses("\x10\x08\x4A\x01"
              "a",
              ErrorCode::data_loss, "strings cannot be raw"));
  EXPECT_TRUE(refuses("\x08\x01\x10\x01\x3A\x01\x01", ErrorCode::data_loss, "field 7, expected field 4"));
  EXPECT_TRUE(refuses("\x10\x01\x4A\x04\x00\x00\x80\x3F\x22\x04\x00\x00\x80\x3F", ErrorCode::data_loss,
                      "raw data and"));
  EXPECT_TRUE(refuses("\x08\x02\x10\x01\x22\x04\x00\x00\x80\x3F\x3A\x01\x01", ErrorCode::data_loss,
                      "fields 4 and 7"));
}

TEST(TensorProto, RefusesValuesThatDoNotFitTheDType) {
  EXPECT_TRUE(refuses("\x10\x03\x2A\x02\x80\x01", ErrorCode::data_loss, "128 does not fit int8"));
  EXPECT_TRUE(refuses("\x10\x02\x2A\x02\x80\x02", ErrorCode::data_loss, "256 does not fit uint8"));
  EXPECT_TRUE(refuses("\x10\x02\x2A\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", ErrorCode::data_loss,
                      "-1 does not fit uint8"));
  EXPECT_TRUE(refuses("\x10\x0A\x2A\x03\x80\x80\x04", ErrorCode::data_loss, "does not fit float16"));
  EXPECT_TRUE(refuses("\x10\x0C\x5A\x05\x80\x80\x80\x80\x10", ErrorCode::data_loss,
                      "4294967296 does not fit uint32"));
  EXPECT_EQ(read_tensor_proto(message("\x10\x06\x2A\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"))
                .tensor.as<std::int32_t>()[0],
            -1);
}

TEST(TensorProto, RefusesMalformedFields) {
  EXPECT_TRUE(refuses("\x12\x01\x01", ErrorCode::data_loss, "field 2 has the wrong type"));
  EXPECT_TRUE(refuses("\x48\x01\x10\x01", ErrorCode::data_loss, "field 9"));
  EXPECT_TRUE(refuses("\x20\x01\x10\x01", ErrorCode::data_loss, "field 4"));
  EXPECT_TRUE(refuses("\x10\x01\x22\x03\x00\x00\x00", ErrorCode::data_loss, "cut short"));
  EXPECT_TRUE(refuses("\x10\x07\x3A\x02\x01\x80", ErrorCode::data_loss));
  EXPECT_TRUE(refuses("\x0A\x01\x80\x10\x01", ErrorCode::data_loss));
  EXPECT_TRUE(refuses("\x10\x07\x3A\x0B\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", ErrorCode::data_loss,
                      "ten bytes"));
}

TEST(TensorProto, NoPrefixOfAMessagePassesForATensor) {
  for (const std::string name : {"float32_raw.pb", "int64_typed.pb", "uint4_raw.pb", "string_raw.pb"}) {
    const auto file = sample(name);
    // Where the name comes last, a message without it is whole.
    const std::size_t name_bytes = name == "int64_typed.pb" ? 7 : (name == "string_raw.pb" ? 8 : 0);
    for (std::size_t size = 0; size < file.size(); ++size) {
      if (name_bytes != 0 && size == file.size() - name_bytes) continue;
      EXPECT_TRUE(throws_error([&] { return read_tensor_proto(std::span(file).first(size)).tensor; },
                               ErrorCode::data_loss))
          << name << " " << size;
    }
  }
}

TEST(TensorProto, HostileShapesAreRefusedBeforeAnythingIsAllocated) {
  auto allocator = std::make_shared<test::FailingAllocator>();
  const auto read = [&](const std::vector<std::byte>& bytes) {
    return read_tensor_proto(bytes, allocator).tensor;
  };
  EXPECT_TRUE(throws_error([&] { return read(message("\x08\x80\x80\x80\x80\x80\x20\x10\x01")); },
                           ErrorCode::data_loss));
  EXPECT_TRUE(throws_error([&] { return read(message("\x08\x80\x80\x80\x80\x80\x20\x10\x08")); },
                           ErrorCode::data_loss));
  EXPECT_TRUE(
      throws_error([&] { return read(message("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x10\x01")); },
                   ErrorCode::invalid_argument));
  EXPECT_TRUE(
      throws_error([&] { return read(message("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\x08\x03\x10\x01")); },
                   ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([&] { return read(std::vector<std::byte>(200, std::byte{8})); },
                           ErrorCode::data_loss, "64"));
  EXPECT_EQ(allocator->calls(), 0U);
}

TEST(TensorProto, RefusesToWriteNothing) {
  EXPECT_TRUE(throws_error([] { return write_tensor_proto(TensorView()); }, ErrorCode::invalid_argument));
}

TEST(TensorProto, GivesEverythingBackWhenAnAllocationFails) {
  const auto file = sample("float32_typed.pb");
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              const NamedTensorProto read = read_tensor_proto(file, allocator);
            }),
            1);
}

}  // namespace
}  // namespace onda::tensor
