#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/http_fixture.h"
#include "server/http_server.h"

namespace onda::server {
namespace {

class HttpServerThreads : public test::HttpServerTest {
 protected:
  /// Clients at a time, each on a thread of its own.
  template <class Client>
  static void with_clients(int count, const Client& client) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&client, i] { client(i); });
    for (auto& thread : threads) thread.join();
  }
};

TEST_F(HttpServerThreads, EachClientGetsItsOwnAnswers) {
  start();
  with_clients(6, [this](int number) {
    auto client = this->client();
    for (int i = 0; i < 60; ++i) {
      const std::string data = "[" + std::to_string(number) + "," + std::to_string(i) + ",3,4]";
      // Batches of several sizes, so that some run on the I/O thread and some on workers.
      if (i % 5 == 0) {
        const std::string rows =
            R"({"inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","data":[)" + data + "," + data + "]}]}";
        expect_ok(client.request(post(kInfer, rows)), data.substr(0, data.size() - 1) + "," + data.substr(1));
      } else if (i % 7 == 0) {
        expect_ok(client.request(get("/v2/health/live")), "true");
      } else {
        expect_ok(client.request(infer(data)), data);
      }
    }
  });
  wait_for_open_connections(0);
  EXPECT_EQ(inflight_.taken(), 0U);
}

TEST_F(HttpServerThreads, ClientsThatVanishLeaveNothingBehind) {
  start();
  with_clients(4, [this](int number) {
    std::minstd_rand random(static_cast<unsigned>(number) + 1);
    for (int i = 0; i < 40; ++i) {
      auto client = this->client();
      const std::string text = infer() + infer() + get("/v2/health/live");
      client.send(text.substr(0, random() % text.size() + 1));
      if (random() % 3 == 0) {
        client.reset();
      } else if (random() % 2 == 0) {
        client.end_sending();
        while (!client.is_closed() && random() % 4 != 0) {
        }
      }
    }
  });
  wait_for_open_connections(0);
  EXPECT_EQ(inflight_.taken(), 0U);
  expect_ok(client().request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerThreads, AShutdownUnderLoadCutsNoRequest) {
  options_.timeouts.last_request = std::chrono::seconds(20);
  start();
  std::atomic<int> answers{0};
  std::thread ending([&] {
    while (answers < 50) std::this_thread::yield();
    server_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  });
  with_clients(5, [&](int number) {
    auto client = this->client();
    for (;;) {
      // It throws where the connection ends without an answer.
      const auto response = client.request(number % 2 == 0 ? infer() : get("/v2/models/tiny"));
      EXPECT_EQ(response.status, 200);
      ++answers;
      if (response.field("connection") == "close") break;
    }
    EXPECT_TRUE(client.is_closed());
  });
  ending.join();
  EXPECT_EQ(server_->statistics().open_connections, 0U);
}

TEST_F(HttpServerThreads, AShutdownWithoutPatienceEndsAllConnections) {
  start();
  std::atomic<int> answers{0};
  std::thread ending([&] {
    while (answers < 50) std::this_thread::yield();
    server_->drain(std::chrono::steady_clock::now());
  });
  with_clients(5, [&](int number) {
    try {
      auto client = this->client();
      for (;;) {
        client.request(number % 2 == 0 ? infer() + get("/v2") : get("/v2/models/tiny"));
        ++answers;
      }
    } catch (const std::runtime_error&) {
      // The connection has ended.
    }
  });
  ending.join();
}

}  // namespace
}  // namespace onda::server
