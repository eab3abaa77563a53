#include "memory/round_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/paths.h"

namespace onda::memory {
namespace {

std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

/// The largest sum of bytes that are live at once.
std::size_t live_peak(const std::vector<RecordedBlock>& blocks) {
  std::size_t peak = 0;
  for (const auto& at : blocks) {
    std::size_t live = 0;
    for (const auto& block : blocks) {
      const bool ends = block.end != RecordedBlock::kOutlivesTheRound;
      if (ends && block.begin <= at.begin && at.begin < block.end) live += rounded(block.bytes);
    }
    peak = std::max(peak, live);
  }
  return peak;
}

/// No two blocks that live at the same time share a byte, each is within the plan and aligned.
void expect_sound(const std::vector<RecordedBlock>& blocks, const RoundPlan& plan) {
  ASSERT_EQ(plan.blocks.size(), blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto& mine = plan.blocks[i];
    EXPECT_EQ(mine.bytes, blocks[i].bytes);
    if (blocks[i].end == RecordedBlock::kOutlivesTheRound) {
      EXPECT_EQ(mine.offset, PlannedBlock::kNotPlanned);
      continue;
    }
    EXPECT_EQ(mine.offset % 64, 0U);
    EXPECT_LE(mine.offset + mine.bytes, plan.bytes);
    for (std::size_t k = 0; k < i; ++k) {
      const auto& other = plan.blocks[k];
      if (other.offset == PlannedBlock::kNotPlanned) continue;
      const bool together = blocks[k].begin < blocks[i].end && blocks[i].begin < blocks[k].end;
      const bool apart =
          other.offset + other.bytes <= mine.offset || mine.offset + mine.bytes <= other.offset;
      EXPECT_TRUE(!together || apart) << "blocks " << k << " and " << i;
    }
  }
}

/// "32 8 f0 …": allocations and frees in order; a number without "f" is a size.
std::vector<RecordedBlock> record(const std::vector<std::string>& events, std::size_t unit) {
  std::vector<RecordedBlock> blocks;
  std::uint32_t time = 0;
  for (const auto& event : events) {
    if (event[0] == 'f') {
      blocks[std::stoul(event.substr(1))].end = time++;
    } else {
      blocks.push_back({.bytes = std::stoul(event) * unit, .begin = time++});
    }
  }
  return blocks;
}

TEST(RoundPlan, OfNothingIsEmpty) {
  const auto plan = plan_round({});
  EXPECT_EQ(plan.bytes, 0U);
  EXPECT_TRUE(plan.blocks.empty());
}

TEST(RoundPlan, BlocksThatFollowOneAnotherShareAPlace) {
  const auto blocks = record({"5", "f0", "5", "f1", "4", "f2"}, 64);
  const auto plan = plan_round(blocks);
  expect_sound(blocks, plan);
  EXPECT_EQ(plan.bytes, 5U * 64);
  EXPECT_EQ(plan.most_live, 1U);
}

TEST(RoundPlan, ABlockThatOutlivesTheRoundIsNotPlanned) {
  const auto blocks = record({"5", "7", "f0"}, 64);
  const auto plan = plan_round(blocks);
  expect_sound(blocks, plan);
  EXPECT_EQ(plan.bytes, 5U * 64);
}

// ResNet-50's large blocks as ONNX Runtime 1.29.0 asks for them without its memory pattern, in units of
// 3 211 264 bytes at batch 32. Placed as they come, by best fit, they need 72 units.
TEST(RoundPlan, OfResNet50NeedsNoMoreThanWhatIsLiveAtOnce) {
  const auto blocks = record({"32",  "8",  "f0", "8",   "8",  "f2",  "32", "f1",  "f3",  "16", "4", "f5",
                              "16",  "f4", "4",  "f6",  "f8", "8",   "2",  "f9",  "8",   "f7", "2", "f10",
                              "f12", "4",  "1",  "f13", "4",  "f11", "1",  "f16", "f14", "f15"},
                             3211264);
  const auto plan = plan_round(blocks);
  expect_sound(blocks, plan);
  EXPECT_EQ(live_peak(blocks), 52U * 3211264);
  EXPECT_EQ(plan.bytes, live_peak(blocks));
}

/// The large blocks of a run as ONNX Runtime asked for them, from bench/memory/traces.
std::vector<RecordedBlock> recorded_run(const std::string& name) {
  std::ifstream stream(test::source_dir() / "bench/memory/traces" / name);
  std::vector<RecordedBlock> all;
  std::uint32_t time = 0;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with('a')) all.push_back({.bytes = std::stoul(line.substr(2)), .begin = time++});
    if (line.starts_with('f')) all.at(std::stoul(line.substr(2))).end = time++;
  }
  std::erase_if(all, [](const auto& block) { return block.bytes <= 32 * 1024; });
  return all;
}

/// The end of the highest block where each is placed as it comes: into the tightest gap between those that
/// are live, at the end where there is none.
std::size_t span_as_they_come(const std::vector<RecordedBlock>& blocks) {
  std::vector<std::size_t> begins;
  std::size_t span = 0;
  for (const auto& block : blocks) {
    std::map<std::size_t, std::size_t> live;
    for (std::size_t i = 0; i < begins.size(); ++i) {
      if (blocks[i].end > block.begin) live[begins[i]] = begins[i] + rounded(blocks[i].bytes);
    }
    std::size_t tightest = std::numeric_limits<std::size_t>::max();
    std::size_t end = 0;
    std::size_t begin = 0;
    for (const auto& [from, to] : live) {
      if (from - end >= rounded(block.bytes) && from - end < tightest) {
        tightest = from - end;
        begin = end;
      }
      end = to;
    }
    begins.push_back(tightest == std::numeric_limits<std::size_t>::max() ? end : begin);
    span = std::max(span, begins.back() + rounded(block.bytes));
  }
  return span;
}

TEST(RoundPlan, OfRecordedRunsNeedsTheLivePeakWhereBestFitNeedsMore) {
  for (const auto& [name, best_fit] :
       {std::pair("resnet50_32.trace", 1.38), {"transformer_512.trace", 1.11}}) {
    const auto blocks = recorded_run(name);
    ASSERT_GT(blocks.size(), 20U) << name;
    const auto plan = plan_round(blocks);
    expect_sound(blocks, plan);
    EXPECT_EQ(plan.bytes, live_peak(blocks)) << name;
    EXPECT_GT(static_cast<double>(span_as_they_come(blocks)), best_fit * static_cast<double>(plan.bytes))
        << name;
  }
}

TEST(RoundPlan, OfRandomRoundsIsSoundAndSeldomFarAboveTheirPeak) {
  std::mt19937 random(7);
  double worst = 1;
  for (int round = 0; round < 200; ++round) {
    std::vector<RecordedBlock> blocks;
    std::vector<std::size_t> live;
    std::uint32_t time = 0;
    const int events = std::uniform_int_distribution<>(1, 120)(random);
    for (int event = 0; event < events; ++event) {
      if (live.empty() || random() % 5 < 3) {
        blocks.push_back({.bytes = 1 + random() % 100'000, .begin = time++});
        live.push_back(blocks.size() - 1);
      } else {
        const std::size_t which = random() % live.size();
        blocks[live[which]].end = time++;
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    const auto plan = plan_round(blocks);
    expect_sound(blocks, plan);
    const auto peak = live_peak(blocks);
    EXPECT_GE(plan.bytes, peak);
    if (peak > 0) worst = std::max(worst, static_cast<double>(plan.bytes) / static_cast<double>(peak));
  }
  EXPECT_LT(worst, 1.5);
}

TEST(RoundPlan, RefusesMoreBlocksThanItHasTimeFor) {
  std::vector<RecordedBlock> blocks(kMostPlannedBlocks + 1, {.bytes = 64, .begin = 0, .end = 1});
  EXPECT_EQ(plan_round(blocks).bytes, 0U);
}

TEST(RoundPlan, RefusesSizesWhoseSumOverflows) {
  const std::vector<RecordedBlock> blocks(3, {.bytes = std::size_t{1} << 62, .begin = 0, .end = 1});
  EXPECT_EQ(plan_round(blocks).bytes, 0U);
}

}  // namespace
}  // namespace onda::memory
