#include "server/response_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace onda::server {
namespace {

class ResponseWriterTest : public testing::Test {
 protected:
  ResponseWriterTest() {
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) != 0)
      throw std::runtime_error("no sockets");
    ours_ = Socket(pair[0]);
    theirs_ = Socket(pair[1]);
  }

  std::string read_all() {
    std::string read;
    std::array<char, 65536> bytes{};
    for (;;) {
      const SocketResult result = theirs_.read(bytes);
      if (result.state != SocketResult::State::done || result.bytes == 0) return read;
      read.append(bytes.data(), result.bytes);
    }
  }

  static std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
  }

  Socket ours_;
  Socket theirs_;
  ResponseWriter writer_;
};

TEST_F(ResponseWriterTest, SendsThePiecesInOrder) {
  const std::vector<std::string> pieces{"head", "", "body", "tail"};
  for (const auto& piece : pieces) writer_.add(bytes_of(piece));
  EXPECT_EQ(writer_.send(ours_), ResponseWriter::State::sent);
  EXPECT_EQ(writer_.sent_bytes(), 12U);
  EXPECT_EQ(read_all(), "headbodytail");
}

TEST_F(ResponseWriterTest, SendsMorePiecesThanOneCallTakes) {
  std::vector<std::string> pieces;
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += pieces.emplace_back(std::to_string(i) + ",");
  for (const auto& piece : pieces) writer_.add(bytes_of(piece));
  EXPECT_EQ(writer_.send(ours_), ResponseWriter::State::sent);
  EXPECT_EQ(read_all(), expected);
}

TEST_F(ResponseWriterTest, GoesOnWhereAPeerThatReadsSlowlyMadeItStop) {
  std::string expected;
  const std::string first(3000001, 'a');
  const std::string second(17, 'b');
  const std::string third(2000003, 'c');
  for (const auto* piece : {&first, &second, &third}) writer_.add(bytes_of(*piece));
  std::string read;
  int blocked = 0;
  while (writer_.send(ours_) == ResponseWriter::State::blocked) {
    ++blocked;
    const std::string more = read_all();
    ASSERT_FALSE(more.empty());
    read += more;
  }
  read += read_all();
  EXPECT_GT(blocked, 1);
  EXPECT_TRUE(read == first + second + third);
  // The next answer begins anew.
  writer_.clear();
  writer_.add(bytes_of(second));
  EXPECT_EQ(writer_.send(ours_), ResponseWriter::State::sent);
  EXPECT_EQ(read_all(), second);
}

TEST_F(ResponseWriterTest, APeerThatIsGoneIsAFailure) {
  theirs_.close();
  const std::string text = "x";
  writer_.add(bytes_of(text));
  EXPECT_EQ(writer_.send(ours_), ResponseWriter::State::failed);
}

}  // namespace
}  // namespace onda::server
