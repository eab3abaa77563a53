#include "bench/image/plain_jpeg.h"

#include <cstdio>  // jpeglib.h uses FILE and size_t without including them

#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

namespace onda::bench {

Picture paint(std::size_t width, std::size_t height) {
  Picture picture = {width, height, std::vector<std::uint8_t>(width * height * 3)};
  std::mt19937 random(1);
  std::normal_distribution<double> grain(0, 6);
  auto sample = picture.samples.begin();
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const double u = static_cast<double>(x) / static_cast<double>(width);
      const double v = static_cast<double>(y) / static_cast<double>(height);
      const bool inside = std::hypot(u - 0.4, v - 0.5) < 0.25;
      for (const double shade :
           {40 + 190 * u, 60 + 150 * v, inside ? 220.0 : 120 + 60 * std::sin(20 * u * v)}) {
        *sample++ = static_cast<std::uint8_t>(std::clamp(shade + grain(random), 0.0, 255.0));
      }
    }
  }
  return picture;
}

std::vector<std::byte> encode_jpeg(const Picture& picture, int quality) {
  jpeg_error_mgr errors = {};
  jpeg_compress_struct info = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<std::uint8_t*>(picture.samples.data()) + info.next_scanline * picture.width * 3;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  // libjpeg allocated it for the caller to free.
  const std::unique_ptr<unsigned char, decltype(&std::free)> owner(buffer, &std::free);
  const auto bytes = std::as_bytes(std::span(buffer, size));
  return {bytes.begin(), bytes.end()};
}

void decode_jpeg(std::span<const std::byte> encoded, Picture& picture) {
  jpeg_error_mgr errors = {};
  jpeg_decompress_struct info = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(encoded.data()),
               static_cast<unsigned long>(encoded.size()));
  jpeg_read_header(&info, TRUE);
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* row = picture.samples.data() + info.output_scanline * picture.width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
}

}  // namespace onda::bench
