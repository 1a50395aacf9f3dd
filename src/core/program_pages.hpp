#pragma once
// Memory of the program itself, given back once it has started.

namespace uncork::core {

/// Takes this process's pages of its program and of its libraries out of its memory, but for those that may have been written to.
/// To start touches most of them: relocations, symbols, a command line with all its verbs; what then runs for hours is a small
/// part, and what of them is needed again is mapped again from the page cache, sixteen pages at a time. For whoever has done all
/// that is done once. Breakpoints that somebody has put into the code go too. Threads may run meanwhile.
void give_back_program_pages();

}  // namespace uncork::core
