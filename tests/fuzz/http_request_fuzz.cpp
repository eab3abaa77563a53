#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "server/http_request_reader.h"

namespace {

using onda::server::HttpRequestReader;
using onda::server::ReadBuffer;

constexpr std::uint64_t kMostChunkedBytes = 100'000;

/// One request as it was read, or the fault at the end.
struct Event {
  std::string method;
  std::string target;
  std::string body;
  std::string fields;
  int fault = 0;
  friend bool operator==(const Event&, const Event&) = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every view lies within the bytes of the head.
void require_within(std::string_view view, const ReadBuffer& buffer) {
  if (view.data() == nullptr) return;
  require(view.data() >= buffer.data() && view.data() + view.size() <= buffer.data() + buffer.size());
}

Event event_of(const HttpRequestReader& reader, const ReadBuffer& buffer) {
  const auto& head = reader.head();
  const auto body = reader.body(buffer);
  for (const std::string_view view : {head.method, head.target, head.content_encoding, head.accept_encoding,
                                      head.inference_header_content_length.value_or(std::string_view())}) {
    require_within(view, buffer);
  }
  return {.method = std::string(head.method),
          .target = std::string(head.target),
          .body = {reinterpret_cast<const char*>(body.data()), body.size()},
          .fields = std::string(head.content_encoding) + "|" + std::string(head.accept_encoding) + "|" +
                    std::string(head.inference_header_content_length.value_or("none")) + "|" +
                    std::to_string(head.keeps_alive) + std::to_string(head.expects_continue)};
}

std::vector<Event> read_all(std::span<const std::uint8_t> bytes, std::size_t step) {
  ReadBuffer buffer;
  HttpRequestReader reader;
  std::vector<Event> events;
  std::size_t at = 0;
  for (;;) {
    switch (reader.advance(buffer)) {
      case HttpRequestReader::Step::need_bytes: {
        if (at == bytes.size()) return events;
        buffer.reserve(std::max(reader.room_wanted(buffer), buffer.size() + 1));
        const std::size_t size = std::min({step, bytes.size() - at, buffer.free_space().size()});
        std::copy_n(bytes.data() + at, size, buffer.free_space().data());
        buffer.commit(size);
        at += size;
        break;
      }
      case HttpRequestReader::Step::head_read:
        // As the server, which refuses these before it makes room for them.
        if (reader.head().content_length > kMostChunkedBytes) return events;
        reader.set_chunked_limit(kMostChunkedBytes);
        buffer.reserve(reader.room_wanted(buffer));
        reader.follow(buffer);
        break;
      case HttpRequestReader::Step::body_read:
        events.push_back(event_of(reader, buffer));
        require(events.back().body.size() <= kMostChunkedBytes);
        reader.finish(buffer);
        break;
      case HttpRequestReader::Step::fault:
        events.push_back({.fault = reader.fault().status});
        return events;
    }
  }
}

}  // namespace

// What is read of a connection must not depend on the pieces in which its bytes arrive. The first byte says
// how large these are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span bytes(data + 1, size - 1);
  const auto whole = read_all(bytes, bytes.size() + 1);
  require(read_all(bytes, 1) == whole);
  require(read_all(bytes, std::size_t{data[0]} + 2) == whole);
  return 0;
}
