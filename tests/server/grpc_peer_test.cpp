#include "server/grpc_peer.h"

#include <gtest/gtest.h>

namespace onda::server {
namespace {

TEST(GrpcPeer, LoopbackAndUnixSocketsAreLocal) {
  for (const char* const peer :
       {"ipv4:127.0.0.1:5000", "ipv4:127.9.9.9:1", "ipv6:%5B::1%5D:5000", "ipv6:[::1]:5000",
        "ipv6:%5B::ffff:127.0.0.1%5D:5000", "unix:", "unix:/tmp/x", "unix-abstract:x"}) {
    EXPECT_TRUE(is_local_grpc_peer(peer)) << peer;
  }
}

TEST(GrpcPeer, AllOthersAreNot) {
  for (const char* const peer :
       {"", "ipv4:10.0.0.1:5000", "ipv4:128.0.0.1:1", "ipv6:%5B::12%5D:5000", "ipv6:[2001::1]:1",
        "ipv6:%5B::ffff:10.0.0.1%5D:1", "ipv4:1127.0.0.1:1", "xunix:"}) {
    EXPECT_FALSE(is_local_grpc_peer(peer)) << peer;
  }
}

}  // namespace
}  // namespace onda::server
