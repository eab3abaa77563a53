// libpng reports errors by a jump. Everything that a jump may cross is plain C data: the jump leaves the
// functions given to `PngReader::guarded`, whose frames hold nothing with a destructor, and lands in
// `guarded` alone.
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "image/decoder.h"
#include "image/size_limit.h"
#include "onda/error.h"

namespace onda::image {
namespace {

/// Bounds what libpng keeps of chunks that are not pixels (we use none of them but the palette).
constexpr png_alloc_size_t kMaxChunkBytes = 1U << 20;
constexpr png_uint_32 kMaxCachedChunks = 16;

class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> encoded) noexcept : encoded_(encoded) {}
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Runs a step of the decoding; throws what libpng reports in it.
  void run(void (*step)(PngReader&)) {
    if (!guarded(step)) throw Error(ErrorCode::data_loss, std::string("PNG image: ") + message_.data());
  }

  /// Throws resource_exhausted.
  void create();
  static void read_header(PngReader& reader);
  static void choose_samples(PngReader& reader);
  static void read_rows(PngReader& reader);

  [[nodiscard]] std::uint64_t width() const noexcept { return png_get_image_width(png_, info_); }
  [[nodiscard]] std::uint64_t height() const noexcept { return png_get_image_height(png_, info_); }
  [[nodiscard]] std::size_t channels() const noexcept { return png_get_channels(png_, info_); }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return png_get_rowbytes(png_, info_); }

  void set_destination(Bitmap& image) noexcept {
    pixels_ = image.row(0);
    rows_ = image.height();
    bytes_between_rows_ = image.row_bytes();
  }

 private:
  [[noreturn]] static void on_error(png_structp png, png_const_charp text);
  static void on_read(png_structp png, png_bytep destination, std::size_t bytes);

  bool guarded(void (*step)(PngReader&)) noexcept;

  std::span<const std::byte> encoded_;
  std::size_t position_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf escape_ = {};
  std::array<char, 160> message_ = {};
  int passes_ = 1;
  std::uint8_t* pixels_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t bytes_between_rows_ = 0;
};

bool PngReader::guarded(void (*step)(PngReader&)) noexcept {
  if (setjmp(escape_) != 0) return false;
  step(*this);
  return true;
}

void PngReader::on_error(png_structp png, png_const_charp text) {
  auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  (void)std::snprintf(reader.message_.data(), reader.message_.size(), "%s", text);
  std::longjmp(reader.escape_, 1);
}

void PngReader::on_read(png_structp png, png_bytep destination, std::size_t bytes) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (bytes > reader.encoded_.size() - reader.position_) png_error(png, "the file is cut short");
  std::memcpy(destination, reader.encoded_.data() + reader.position_, bytes);
  reader.position_ += bytes;
}

void PngReader::create() {
  // Errors inside the creation come back as null, without a jump of ours.
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &PngReader::on_error,
                                [](png_structp, png_const_charp) {});
  if (png_ != nullptr) info_ = png_create_info_struct(png_);
  if (info_ == nullptr) throw Error(ErrorCode::resource_exhausted, "PNG image: no memory to decode it");
}

void PngReader::read_header(PngReader& reader) {
  png_set_read_fn(reader.png_, &reader, &PngReader::on_read);
  // Larger sizes are ours to refuse, with a better message.
  png_set_user_limits(reader.png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_malloc_max(reader.png_, kMaxChunkBytes);
  png_set_chunk_cache_max(reader.png_, kMaxCachedChunks);
  // Neither stored nor unpacked: profiles, texts and everything else that is no pixel.
  png_set_keep_unknown_chunks(reader.png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(reader.png_, reader.info_);
}

void PngReader::choose_samples(PngReader& reader) {
  const png_byte type = png_get_color_type(reader.png_, reader.info_);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png_);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(reader.png_);
  // The high byte; `png_set_scale_16` would round.
  png_set_strip_16(reader.png_);
  png_set_strip_alpha(reader.png_);
  reader.passes_ = png_set_interlace_handling(reader.png_);
  png_read_update_info(reader.png_, reader.info_);
}

void PngReader::read_rows(PngReader& reader) {
  // An interlaced image is read pass after pass into the same rows.
  for (int pass = 0; pass < reader.passes_; ++pass) {
    for (std::size_t y = 0; y < reader.rows_; ++y) {
      png_read_row(reader.png_, reader.pixels_ + y * reader.bytes_between_rows_, nullptr);
    }
  }
}

}  // namespace

Bitmap decode_png(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                  std::shared_ptr<Allocator> allocator) {
  PngReader reader(encoded);
  reader.create();
  reader.run(PngReader::read_header);
  require_size_within(reader.width(), reader.height(), max_pixels, "the PNG image");
  reader.run(PngReader::choose_samples);

  const std::size_t channels = reader.channels();
  Bitmap image(static_cast<std::size_t>(reader.width()), static_cast<std::size_t>(reader.height()), channels,
               std::move(allocator));
  if ((channels != 1 && channels != 3) || reader.row_bytes() != image.row_bytes()) {
    throw Error(ErrorCode::internal, "PNG image: " + std::to_string(channels) + " channels in rows of " +
                                         std::to_string(reader.row_bytes()) + " bytes after conversion");
  }
  reader.set_destination(image);
  reader.run(PngReader::read_rows);
  return image;
}

}  // namespace onda::image
