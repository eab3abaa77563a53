#include <iostream>

#include "onda/version.h"

int main() { std::cout << "onda " << onda::version() << '\n'; }
