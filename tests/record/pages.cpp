// Prints a page that is made from the catalogue: `record_pages proto` or `record_pages docs`. `./dev pages` writes them.

#include "record/pages.hpp"

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  const std::string_view page = argc == 2 ? argv[1] : "";
  if (page == "proto")
    std::cout << uncork::record::proto_file();
  else if (page == "docs")
    std::cout << uncork::record::record_page();
  else
    std::cerr << "usage: record_pages proto|docs\n";
  return page == "proto" || page == "docs" ? 0 : 2;
}
