// lint: folder
#include <string>
