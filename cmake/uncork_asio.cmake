# Boost.Asio compiled once (it takes seconds a file otherwise); drivers link uncork_asio and precompile its header.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)
add_library(uncork_asio STATIC ${CMAKE_CURRENT_LIST_DIR}/asio.cpp)
target_compile_definitions(uncork_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_include_directories(uncork_asio SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
target_link_libraries(uncork_asio PUBLIC OpenSSL::SSL Threads::Threads)
if(UNCORK_SANITIZE STREQUAL "thread")
  # The sanitizer does not know fences; Asio takes other means when told.
  target_compile_definitions(uncork_asio PUBLIC BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
