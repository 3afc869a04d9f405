// The main of every test program. Halide::Error is not a std::exception, so GoogleTest alone reports an error of Halide
// or Sylvite as "unknown C++ exception". It does so from inside its catch clause, where a listener can still ask for
// the exception that is being handled.

#include <Halide.h>
#include <gtest/gtest.h>

#include <exception>
#include <iostream>

namespace {

class HalideErrors : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult &result) override {
        const std::exception_ptr thrown = std::current_exception();
        if (!result.failed() || !thrown) {
            return;
        }
        try {
            std::rethrow_exception(thrown);
        } catch (const Halide::Error &error) {
            std::cout << "Thrown: " << error.what() << std::endl;
        } catch (...) {  // GoogleTest prints the text of a std::exception itself.
        }
    }
};

}  // namespace

int main(int argc, char **argv) {
    testing::InitGoogleTest(&argc, argv);
#ifdef __SANITIZE_ADDRESS__
    // Halide lowers on a stack of its own. An error thrown there leaves the sanitizer's notes about that stack behind.
    Halide::set_compiler_stack_size(0);
#endif
    testing::UnitTest::GetInstance()->listeners().Append(new HalideErrors);
    return RUN_ALL_TESTS();
}
