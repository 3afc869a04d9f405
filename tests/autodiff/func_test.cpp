#include "pipelines.h"

using namespace sylvite;
using namespace sylvite::testing;

namespace {

class FuncDerivatives : public ::testing::TestWithParam<size_t> {};

TEST_P(FuncDerivatives, AllAtRoot) { check_derivatives(pipelines()[GetParam()], Placement::all_roots, 7); }
TEST_P(FuncDerivatives, Inlined) { check_derivatives(pipelines()[GetParam()], Placement::inlined, 8); }

INSTANTIATE_TEST_SUITE_P(Pipelines, FuncDerivatives, ::testing::Range<size_t>(0, pipelines().size()),
                         [](const auto &info) {
                             std::string name = pipelines()[info.param].name;
                             for (char &c : name) {
                                 c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                             }
                             return name;
                         });

}  // namespace
