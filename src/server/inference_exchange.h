#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "protocol/compression.h"
#include "protocol/decoded_inference.h"
#include "protocol/rest_api.h"
#include "protocol/rest_classify.h"
#include "protocol/rest_infer.h"
#include "protocol/rest_route.h"
#include "server/http_answer.h"
#include "server/http_head.h"
#include "serving/inference_request.h"
#include "serving/services.h"

namespace onda::server {

/// One inference after the other that a connection's client asks for, from the request's bytes to those of
/// the answer; memory is kept from one to the next.
///
///   begin → decode → submit → encode → answer → finish
///
/// Where decoding fails, `answer` is there at once. `decode` and `encode` may run on any thread, one at a
/// time; all else is called on the owner's.
class InferenceExchange final : public serving::InferenceRequest {
 public:
  /// Whose exchange it is.
  class Owner {
   public:
    /// Whether the calling thread is the one that calls `submit`.
    [[nodiscard]] virtual bool is_on_its_thread() const noexcept = 0;
    /// An inference is over that `submit` has not waited for. From any thread.
    virtual void on_inference_complete() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// Borrowed until `finish`.
  struct Call {
    const protocol::Route& route;
    const HttpHead& head;
    /// 64 readable bytes follow it.
    std::span<const std::byte> body;
    std::chrono::steady_clock::time_point received;
  };

  /// `services` and `owner` outlive it; `json_limit` bounds JSON and what compressed bodies become.
  InferenceExchange(const serving::Services& services, std::uint64_t json_limit, Owner& owner) noexcept
      : services_(services), json_limit_(json_limit), owner_(owner) {}

  void begin(const Call& call) noexcept;
  /// Whether `decode` takes so long that others should not wait behind it.
  [[nodiscard]] bool decodes_slowly() const noexcept;
  void decode() noexcept;
  [[nodiscard]] bool has_failed() const noexcept { return error_.has_value(); }

  /// True: it is over already. False: the owner will be told.
  [[nodiscard]] bool submit() noexcept;

  /// Whether `encode` takes so long that others should not wait behind it.
  [[nodiscard]] bool encodes_slowly() const noexcept;
  void encode() noexcept;

  /// Valid until `finish`.
  [[nodiscard]] HttpAnswer answer() const noexcept;
  /// The answer was sent, or nobody wants it.
  void finish() noexcept;
  /// Gives back memory that a large request has left.
  void shrink() noexcept;

 private:
  void on_complete() noexcept override;

  void decode_body();
  void encode_result();
  [[nodiscard]] std::span<const std::byte> inflated_body();
  [[nodiscard]] std::uint64_t json_part() const noexcept;
  [[nodiscard]] std::uint64_t output_bytes() const noexcept;
  void compress(protocol::ContentEncoding encoding);
  void trace() const noexcept;

  const serving::Services& services_;
  const std::uint64_t json_limit_;
  Owner& owner_;

  const protocol::Route* route_ = nullptr;
  const HttpHead* head_ = nullptr;
  std::span<const std::byte> body_;
  std::chrono::steady_clock::time_point received_;
  bool is_traced_ = false;
  bool is_submitting_ = false;        // the owner's thread's
  bool is_complete_at_once_ = false;  // the owner's thread's

  protocol::InflatedBody inflated_;
  protocol::DecodedInference decoded_;
  std::optional<protocol::ImageClassification> image_;
  protocol::ResponseBody response_;
  std::string compressed_;
  protocol::ContentEncoding encoding_ = protocol::ContentEncoding::identity;
  // Instead of `response_`: what went wrong, or the classes of an image.
  std::optional<protocol::RestResponse> error_;
};

}  // namespace onda::server
