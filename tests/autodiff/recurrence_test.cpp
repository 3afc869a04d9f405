#include "pipelines.h"

using namespace sylvite;
using namespace sylvite::testing;

namespace {

class Recurrences : public ::testing::TestWithParam<size_t> {};
TEST_P(Recurrences, AllAtRoot) { check_derivatives(recurrences()[GetParam()], Placement::all_roots, 7); }
TEST_P(Recurrences, Inlined) { check_derivatives(recurrences()[GetParam()], Placement::inlined, 8); }
TEST_P(Recurrences, SecondOrder) { check_second_order(recurrences()[GetParam()], 11); }

INSTANTIATE_TEST_SUITE_P(Stages, Recurrences, ::testing::Range<size_t>(0, recurrences().size()), [](const auto &info) {
    std::string name = recurrences()[info.param].name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

}  // namespace
