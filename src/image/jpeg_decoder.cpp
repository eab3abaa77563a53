// libjpeg reports errors by a jump. Everything that a jump may cross is plain C data: the jump leaves the
// functions given to `JpegReader::guarded`, whose frames hold nothing with a destructor, and lands in
// `guarded` alone.
#include <cstdio>  // jpeglib.h uses FILE and size_t without including them

#include <jpeglib.h>

#include <jerror.h>

#include <array>
#include <csetjmp>
#include <string>
#include <utility>

#include "image/colour.h"
#include "image/decoder.h"
#include "image/size_limit.h"
#include "onda/error.h"

namespace onda::image {
namespace {

/// A progressive file may hold any number of scans, each of which passes over the whole image; encoders write
/// about ten.
constexpr int kMaxScans = 100;

class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> encoded) noexcept : encoded_(encoded) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = &JpegReader::on_error;
    errors_.emit_message = &JpegReader::on_message;
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = &JpegReader::on_progress;
    info_.client_data = this;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info_); }

  /// Runs a step of the decoding; throws what libjpeg reports in it.
  void run(void (*step)(JpegReader&)) {
    if (!guarded(step)) throw_failure();
  }

  static void read_header(JpegReader& reader);
  static void start(JpegReader& reader);
  static void read_rows(JpegReader& reader);
  static void finish(JpegReader& reader) { (void)jpeg_finish_decompress(&reader.info_); }

  [[nodiscard]] std::uint64_t width() const noexcept { return info_.image_width; }
  [[nodiscard]] std::uint64_t height() const noexcept { return info_.image_height; }
  [[nodiscard]] int components() const noexcept { return info_.num_components; }
  [[nodiscard]] int output_components() const noexcept { return info_.output_components; }

  /// Where `read_rows` puts the image. `cmyk_row` holds one row of four components, for files that have them.
  void set_destination(std::uint8_t* pixels, std::size_t row_bytes, std::uint8_t* cmyk_row) noexcept {
    pixels_ = pixels;
    row_bytes_ = row_bytes;
    cmyk_row_ = cmyk_row;
  }

 private:
  static JpegReader& of(j_common_ptr info) noexcept { return *static_cast<JpegReader*>(info->client_data); }
  [[noreturn]] static void on_error(j_common_ptr info);
  static void on_message(j_common_ptr info, int level);
  static void on_progress(j_common_ptr info);

  bool guarded(void (*step)(JpegReader&)) noexcept;
  [[noreturn]] void throw_failure();

  std::span<const std::byte> encoded_;
  jpeg_decompress_struct info_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf escape_ = {};
  bool has_too_many_scans_ = false;
  std::uint8_t* pixels_ = nullptr;
  std::size_t row_bytes_ = 0;
  std::uint8_t* cmyk_row_ = nullptr;
};

bool JpegReader::guarded(void (*step)(JpegReader&)) noexcept {
  if (setjmp(escape_) != 0) return false;
  step(*this);
  return true;
}

void JpegReader::on_error(j_common_ptr info) { std::longjmp(of(info).escape_, 1); }

void JpegReader::on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  ++info->err->num_warnings;
  // libjpeg would make up the missing end and fill the rest with grey.
  if (info->err->msg_code == JWRN_JPEG_EOF) on_error(info);
}

void JpegReader::on_progress(j_common_ptr info) {
  JpegReader& reader = of(info);
  if (info->is_decompressor != 0 && reader.info_.input_scan_number > kMaxScans) {
    reader.has_too_many_scans_ = true;
    on_error(info);
  }
}

void JpegReader::throw_failure() {
  if (has_too_many_scans_) {
    throw Error(ErrorCode::data_loss,
                "JPEG image: more than " + std::to_string(kMaxScans) + " scans; save it again with fewer");
  }
  switch (errors_.msg_code) {
    case JWRN_JPEG_EOF:
      throw Error(ErrorCode::data_loss, "JPEG image: the file is cut short");
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      throw Error(ErrorCode::resource_exhausted, "JPEG image: no memory to decode it");
    default:
      break;
  }
  std::array<char, JMSG_LENGTH_MAX> text = {};
  errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), text.data());
  const bool unsupported = errors_.msg_code == JERR_SOF_UNSUPPORTED ||
                           errors_.msg_code == JERR_BAD_PRECISION || errors_.msg_code == JERR_ARITH_NOTIMPL ||
                           errors_.msg_code == JERR_CONVERSION_NOTIMPL;
  throw Error(unsupported ? ErrorCode::invalid_argument : ErrorCode::data_loss,
              std::string("JPEG image: ") + text.data());
}

void JpegReader::read_header(JpegReader& reader) {
  jpeg_create_decompress(&reader.info_);
  // After the creation, which clears the structure except for `err` and `client_data`.
  reader.info_.progress = &reader.progress_;
  jpeg_mem_src(&reader.info_, reinterpret_cast<const unsigned char*>(reader.encoded_.data()),
               static_cast<unsigned long>(reader.encoded_.size()));
  (void)jpeg_read_header(&reader.info_, TRUE);
}

void JpegReader::start(JpegReader& reader) {
  switch (reader.info_.num_components) {
    case 1:
      reader.info_.out_color_space = JCS_GRAYSCALE;
      break;
    case 4:
      reader.info_.out_color_space = JCS_CMYK;
      break;
    default:
      reader.info_.out_color_space = JCS_RGB;
      break;
  }
  (void)jpeg_start_decompress(&reader.info_);
}

void JpegReader::read_rows(JpegReader& reader) {
  jpeg_decompress_struct& info = reader.info_;
  while (info.output_scanline < info.output_height) {
    std::uint8_t* const pixels = reader.pixels_ + info.output_scanline * reader.row_bytes_;
    const bool is_cmyk = reader.cmyk_row_ != nullptr;
    JSAMPROW row = is_cmyk ? reader.cmyk_row_ : pixels;
    (void)jpeg_read_scanlines(&info, &row, 1);
    if (is_cmyk) inverted_cmyk_to_rgb({row, std::size_t{4} * info.output_width}, pixels);
  }
}

}  // namespace

Bitmap decode_jpeg(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                   std::shared_ptr<Allocator> allocator) {
  JpegReader reader(encoded);
  reader.run(JpegReader::read_header);
  require_size_within(reader.width(), reader.height(), max_pixels, "the JPEG image");
  const int components = reader.components();
  if (components != 1 && components != 3 && components != 4) {
    throw Error(ErrorCode::invalid_argument, "JPEG image: it has " + std::to_string(components) +
                                                 " components; expected 1 (grey), 3 (colour) or 4 (CMYK)");
  }
  reader.run(JpegReader::start);

  const auto width = static_cast<std::size_t>(reader.width());
  Bitmap image(width, static_cast<std::size_t>(reader.height()), components == 1 ? 1 : 3, allocator);
  Bitmap cmyk_row;
  if (components == 4) cmyk_row = Bitmap(width, 1, 4, std::move(allocator));
  reader.set_destination(image.row(0), image.row_bytes(), components == 4 ? cmyk_row.row(0) : nullptr);
  reader.run(JpegReader::read_rows);
  reader.run(JpegReader::finish);
  return image;
}

}  // namespace onda::image
