#include "frontend/writing_down.h"

namespace sylvite {

namespace {

thread_local const WritingDown *innermost = nullptr;

}  // namespace

WritingDown::WritingDown(std::string function, std::string loop) :
    function_(std::move(function)), loop_(std::move(loop)), outer_(innermost) {
    innermost = this;
}

WritingDown::~WritingDown() { innermost = outer_; }

std::string WritingDown::undefined_array() {
    return innermost
               ? innermost->function_ + " needs Arrays that are defined; " + innermost->loop_ + " reads one that is not"
               : "An Array must be defined before it is read";
}

}  // namespace sylvite
