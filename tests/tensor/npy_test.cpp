#include "tensor/npy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sample_files.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"
#include "support/tensor_matchers.h"
#include "tensor/tensor_proto.h"

namespace onda::tensor {
namespace {

using test::same_tensor;
using test::sample;
using test::throws_error;

const std::vector<std::string> kWords = {"", "a", "größe", "寸法", "🙂 ok", "a longer one"};

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A file of version 1 with this dictionary, and `data` behind it.
std::vector<std::byte> file_with(const std::string& dictionary, std::string_view data = {}) {
  std::string text = "\x93NUMPY\x01";
  text += '\0';
  text += static_cast<char>(dictionary.size() & 0xFFU);
  text += static_cast<char>(dictionary.size() >> 8U);
  return bytes_of(text + dictionary + std::string(data));
}

std::vector<std::byte> file_of(const std::string& descr, const std::string& shape, std::string_view data = {},
                               const std::string& fortran = "False") {
  return file_with("{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + "}\n",
                   data);
}

TEST(Npy, ReadsWhatNumPyWroteAsOnnxWroteIt) {
  for (const DType dtype : all_dtypes()) {
    if (!test::is_in_numpy(dtype)) continue;
    const std::string name(to_string(dtype));
    const Tensor expected = read_tensor_proto(sample(name + "_raw.pb")).tensor;
    EXPECT_TRUE(same_tensor(read_npy(sample(name + ".npy")), expected));
    EXPECT_TRUE(same_tensor(read_npy(sample(name + "_big.npy")), expected)) << "big-endian";
    EXPECT_TRUE(same_tensor(read_npy(sample(name + "_fortran.npy")), expected)) << "Fortran order";
  }
}

TEST(Npy, WritesTheBytesThatNumPyWrites) {
  for (const std::string name :
       {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
        "float32", "float64", "complex64", "complex128", "string", "scalar", "empty", "deep"}) {
    const auto file = sample(name + ".npy");
    EXPECT_EQ(write_npy(read_npy(file)), file) << name;
  }
}

TEST(Npy, RoundTripsEveryDTypeThatNumPyHas) {
  for (const DType dtype : all_dtypes()) {
    for (const Shape& shape : {Shape(), Shape{0}, Shape{7}, Shape{2, 1, 3}, Shape{1, 1, 1, 1, 1, 1, 1, 2}}) {
      const Tensor tensor = test::patterned(dtype, shape);
      if (test::is_in_numpy(dtype) || dtype == DType::string) {
        EXPECT_TRUE(same_tensor(read_npy(write_npy(tensor)), tensor));
      } else {
        EXPECT_TRUE(throws_error([&] { return write_npy(tensor); }, ErrorCode::unimplemented,
                                 to_string(dtype), ".pb"));
      }
    }
  }
}

TEST(Npy, ReadsValuesAsTheyWere) {
  const Tensor scalar = read_npy(sample("scalar.npy"));
  EXPECT_EQ(scalar.shape(), Shape());
  EXPECT_EQ(scalar.as<float>()[0], 2.5F);
  const Tensor floats = read_npy(sample("float32.npy"));
  EXPECT_EQ(floats.shape(), (Shape{2, 3, 5}));
  for (std::size_t i = 0; i < 30; ++i)
    EXPECT_EQ(floats.as<float>()[i], (static_cast<float>(i) - 11) * 0.375F);
  const Tensor integers = read_npy(sample("int16_big.npy"));
  EXPECT_EQ(integers.as<std::int16_t>()[0], -32768);
  EXPECT_EQ(integers.as<std::int16_t>()[1], 32767);
  EXPECT_EQ(read_npy(sample("empty.npy")).shape(), (Shape{0, 3}));
  EXPECT_EQ(read_npy(sample("deep.npy")).shape().rank(), 32U);
}

TEST(Npy, ReadsVersionsTwoAndThree) {
  const Tensor expected = read_npy(sample("float32.npy"));
  EXPECT_TRUE(same_tensor(read_npy(sample("version2.npy")), expected));
  EXPECT_TRUE(same_tensor(read_npy(sample("version3.npy")), expected));
}

TEST(Npy, ReadsTextOfEitherKind) {
  const Tensor expected = Tensor::of_strings({2, 3}, kWords);
  for (const std::string name : {"string.npy", "string_big.npy", "string_fortran.npy", "string_bytes.npy"}) {
    EXPECT_TRUE(same_tensor(read_npy(sample(name)), expected)) << name;
  }
}

TEST(Npy, StringsThatAreNoUtf8AreKeptAsBytes) {
  const Tensor tensor = Tensor::of_strings({2}, {"\xFF\xFE", std::string("a\0b", 3)});
  EXPECT_TRUE(same_tensor(read_npy(write_npy(tensor)), tensor));
}

TEST(Npy, RefusesToLoseATrailingNul) {
  const Tensor tensor = Tensor::of_strings({1}, {std::string("a\0", 2)});
  EXPECT_TRUE(throws_error([&] { return write_npy(tensor); }, ErrorCode::unimplemented, "NUL"));
}

TEST(Npy, BooleansAreZeroOrOne) {
  const Tensor tensor = read_npy(file_of("|b1", "(3,)", std::string_view("\x02\x00\xFF", 3)));
  EXPECT_EQ(tensor.bytes()[0], std::byte{1});
  EXPECT_EQ(tensor.bytes()[1], std::byte{0});
  EXPECT_EQ(tensor.bytes()[2], std::byte{1});
}

TEST(Npy, ReadsHeadersOfOtherWriters) {
  const auto read = [](const std::string& dictionary) {
    return read_npy(file_with(dictionary, "ab")).shape();
  };
  EXPECT_EQ(read("{\"shape\":(2L,),\"fortran_order\":False,\"descr\":\"|u1\"}"), Shape{2});
  EXPECT_EQ(read("{ 'descr' : '=i1' , 'shape' : ( 1 , 2 ) , 'fortran_order' : True , }   \n"), (Shape{1, 2}));
  EXPECT_EQ(read_npy(file_of("?", "()", "\x01")).dtype(), DType::boolean);
}

TEST(Npy, RefusesWhatItDoesNotRead) {
  const auto refuses = [](const std::string& name, std::string_view part) {
    return throws_error([&] { return read_npy(sample(name)); }, ErrorCode::unimplemented, part);
  };
  EXPECT_TRUE(refuses("refused_object.npy", "pickle"));
  EXPECT_TRUE(refuses("refused_structured.npy", "structured"));
  EXPECT_TRUE(refuses("refused_datetime.npy", "M8"));
  EXPECT_TRUE(refuses("refused_longdouble.npy", "f16"));
  EXPECT_TRUE(refuses("refused_void.npy", "V2"));
}

TEST(Npy, EveryPrefixOfAFileIsRefused) {
  for (const std::string name : {"float32.npy", "string.npy", "version2.npy"}) {
    const auto file = sample(name);
    for (std::size_t size = 0; size < file.size(); ++size) {
      EXPECT_TRUE(throws_error([&] { return read_npy(std::span(file).first(size)); }, ErrorCode::data_loss))
          << size;
    }
  }
}

TEST(Npy, RefusesBytesBehindTheArray) {
  auto file = sample("float32.npy");
  file.push_back(std::byte{0});
  EXPECT_TRUE(throws_error([&] { return read_npy(file); }, ErrorCode::invalid_argument, "1 bytes behind"));
}

TEST(Npy, RefusesMalformedHeaders) {
  for (const std::string dictionary :
       {"", "{", "{}", "{'descr': '<f4'}", "[1]", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
        "{'descr': 4, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'other': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<Ux', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<U-1', 'fortran_order': False, 'shape': ()}"}) {
    EXPECT_TRUE(throws_error([&] { return read_npy(file_with(dictionary, "abcd")); }, ErrorCode::data_loss))
        << dictionary;
  }
  std::string deep = "(";
  for (int i = 0; i < 65; ++i) deep += "1,";
  EXPECT_TRUE(
      throws_error([&] { return read_npy(file_of("<f4", deep + ")", "abcd")); }, ErrorCode::data_loss, "64"));
}

TEST(Npy, HostileSizesAreRefusedBeforeAnythingIsAllocated) {
  auto allocator = std::make_shared<test::FailingAllocator>();
  const auto read = [&](const std::vector<std::byte>& file) { return read_npy(file, allocator); };
  EXPECT_TRUE(
      throws_error([&] { return read(file_of("<f8", "(1099511627776,)", "abcd")); }, ErrorCode::data_loss));
  EXPECT_TRUE(throws_error([&] { return read(file_of("<U4294967295", "(4294967295, 2)", "abcd")); },
                           ErrorCode::data_loss));
  EXPECT_TRUE(
      throws_error([&] { return read(file_of("<U0", "(1099511627776,)")); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([&] { return read(file_of("<f8", "(9223372036854775807, 9)")); },
                           ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([&] { return read(file_of("<f8", "(0, 9223372036854775807, 9)")); },
                           ErrorCode::invalid_argument));
  EXPECT_TRUE(
      throws_error([&] { return read(bytes_of(std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\x7F", 12))); },
                   ErrorCode::resource_exhausted));
  EXPECT_TRUE(throws_error([&] { return read(bytes_of(std::string("\x93NUMPY\x04\x00\x00\x00", 10))); },
                           ErrorCode::unimplemented));
  EXPECT_EQ(allocator->calls(), 0U);
}

TEST(Npy, RefusesCodePointsThatAreNone) {
  EXPECT_TRUE(
      throws_error([] { return read_npy(file_of("<U1", "()", std::string_view("\x00\xD8\x00\x00", 4))); },
                   ErrorCode::data_loss, "55296"));
  EXPECT_TRUE(
      throws_error([] { return read_npy(file_of("<U1", "()", "\xFF\xFF\xFF\xFF")); }, ErrorCode::data_loss));
}

TEST(Npy, IsToldByItsFirstBytes) {
  EXPECT_TRUE(is_npy(sample("float32.npy")));
  EXPECT_FALSE(is_npy(sample("float32_raw.pb")));
  EXPECT_FALSE(is_npy({}));
}

TEST(Npy, GivesEverythingBackWhenAnAllocationFails) {
  const auto file = sample("float32_fortran.npy");
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              const Tensor tensor = read_npy(file, allocator);
            }),
            1);
}

}  // namespace
}  // namespace onda::tensor
