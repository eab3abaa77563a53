#include <iostream>

#include "onda/version.h"

int main() {
  std::cout << "onda " << onda::version() << " (" << onda::build_commit() << ")\n";
  return 0;
}
