#include <string>
#include <vector>

#include "cli/allocation_count.h"
#include "cli/program.h"

int main(int count, char** words) {
  onda::cli::AllocationCount::announce_hooks();
  const std::vector<std::string> arguments(words + (count > 0 ? 1 : 0), words + count);
  return static_cast<int>(onda::cli::run_program(arguments));
}
