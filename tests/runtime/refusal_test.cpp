#include "runtime/refusal.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace onda::runtime {
namespace {

TEST(RefusalThreads, AnotherThreadsRefusalIsSeenInTheProcessAlone) {
  const RefusalWatch own(RefusalWatch::Scope::thread);
  const RefusalWatch all(RefusalWatch::Scope::process);
  std::jthread([] { note_refusal({.bytes = 7}); }).join();
  EXPECT_FALSE(own.seen());
  ASSERT_TRUE(all.seen());
  EXPECT_EQ(all.seen()->bytes, 7U);
}

TEST(RefusalTest, SaysWhatWasAskedForAndWhatToDo) {
  const Refusal over{.bytes = 98U << 20U, .budget_bytes = 300U << 20U, .held_bytes = 250U << 20U};
  for (const auto* part : {"98.0 MB", "300.0 MB", "250.0 MB", "budget"}) {
    EXPECT_NE(over.text().find(part), std::string::npos) << over.text();
  }
  EXPECT_EQ((Refusal{.bytes = 1}).text().find("budget"), std::string::npos);
}

}  // namespace
}  // namespace onda::runtime
